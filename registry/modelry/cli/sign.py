"""`modelry sign`: vouch for all files of a preset with a private key."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from modelry.cli.output import write_line

PASSWORD = "MODELRY_KEY_PASSWORD"
"""The environment variable with what the key is encrypted with; other users of a machine can read arguments."""


def sign(
    preset_dir: Annotated[str, typer.Argument(metavar="PRESET_DIR", help="The folder of the preset.")],
    key: Annotated[str, typer.Option("--key", metavar="FILE", help="The private key, in PEM.")],
) -> None:
    """Hash every file of a preset, and write a signature of all of them into its modelry.json.

    `modelry verify --key` and `from_preset(…, public_key=…)` check it with the public key. If the private key is
    encrypted, MODELRY_KEY_PASSWORD has the password.
    """
    from modelry.presets.verify import sign_preset

    sign_preset(preset_dir, key, os.environ.get(PASSWORD))
    write_line(f"{preset_dir} is signed")
