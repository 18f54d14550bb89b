"""Faults seeded into copies of the TextCNN plugin, each of which the plugin's own tests must catch.

`python -m nox -s faults` installs each copy with pip, runs the claims that must fail, and prints what they say.
"""

from __future__ import annotations

from . import backbone_faults, installation_faults, task_faults, text_faults

SOUND = {"no fault": (), "no fault, and a head of its own": task_faults.own_head()}
ALL = (*backbone_faults.FAULTS, *text_faults.FAULTS, *task_faults.FAULTS, *installation_faults.FAULTS)
