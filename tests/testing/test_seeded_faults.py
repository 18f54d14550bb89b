"""The faults for copies of the TextCNN plugin; `nox -s faults` seeds all of them, which takes minutes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .seeded_faults import ALL, SOUND
from .seeded_faults.fault import copy_with

pytestmark = pytest.mark.once


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_fault_can_be_seeded(fault, tmp_path):
    copy = copy_with(fault.edits, tmp_path / "copy")
    for path in copy.rglob("*.py"):
        compile(path.read_text("utf-8"), path.name, "exec")


def test_faults_differ():
    assert len({fault.name for fault in ALL}) == len({fault.edits for fault in ALL}) == len(ALL) >= 24
    assert not set(SOUND.values()) & {fault.edits for fault in ALL}


def test_a_fault_in_an_installed_copy_is_caught():
    command = [sys.executable, "-m", "seeded_faults", "--only", "mis-spelt entry point"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("mis-spelt entry point: caught by importing the tests\n")
    assert done.stdout.endswith("1 of 1 faults are caught, each with a message that names it.\n")
