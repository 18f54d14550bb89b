"""What `modelry verify` and `modelry lock` show on a terminal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import modelry_bert

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"


@pytest.fixture
def preset(tmp_path) -> Path:
    return Path(shutil.copytree(PRESET, tmp_path / "sentiment"))


def test_verify_ends_with_a_summary(terminal, preset):
    shown = terminal("verify", str(preset))
    assert shown.splitlines()[0].split() == ["Status", "File"]
    assert shown.splitlines()[-1] == "8 ok, 2 unchecked"
    (preset / "task.json").unlink()
    shown = terminal("verify", str(preset), status=1)
    assert "missing" in shown
    assert shown.splitlines()[-1] == "7 ok, 1 missing, 2 unchecked"


def test_lock_says_what_was_locked_and_what_has_changed(terminal, preset, tmp_path):
    lock = str(tmp_path / "modelry.lock")
    assert terminal("lock", str(preset), "--file", lock).split() == ["./sentiment", "10", "files"]
    assert terminal("lock", "--check", MODELRY_LOCK=lock).splitlines() == ["1 preset, 0 changed since locked"]
    (preset / "README.md").unlink()
    shown = terminal("lock", "--check", "--file", lock, status=1).splitlines()
    assert shown == ["./sentiment: removed: README.md", "1 preset, 1 changed since locked"]
