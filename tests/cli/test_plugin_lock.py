"""`modelry plugins --lock` and `modelry doctor --locked`: what is not as it was locked is told, and not imported."""

from __future__ import annotations

import json

import pytest

STORAGE = """
from pathlib import Path
from modelry.storage.handler import Storage

Path(__file__).with_name("imported").touch()

class S(Storage):
    def open(self, reference): pass
"""
PROJECT = {"points": {"modelry.storage": {"locked": "acme_locked:S"}}, "files": {"acme_locked.py": STORAGE}}


@pytest.fixture(scope="module")
def place(sites):
    return sites({"acme-locked==1.0": PROJECT})["acme-locked==1.0"]


def test_a_changed_plugin_fails_and_is_not_imported(run, place, tmp_path):
    lock, module = tmp_path / "plugins.lock", place / "acme_locked.py"
    done = run("plugins", "--lock", str(lock), PYTHONPATH=str(place))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(lock.read_text())["distributions"].keys() >= {"acme-locked", "modelry"}

    command = ("doctor", "acme-locked", "--locked", str(lock), "--json")
    done = run(*command, PYTHONPATH=str(place))
    assert (done.returncode, (place / "imported").exists()) == (0, True), done.stdout

    (place / "imported").unlink()
    module.write_text(f"{STORAGE}\nchanged = True\n")
    done = run(*command, PYTHONPATH=str(place))
    (row,) = json.loads(done.stdout)["components"]
    assert (done.returncode, row["status"], row["seconds"]) == (1, "changed", None)
    assert row["findings"] == [
        {
            "status": "changed",
            "problem": "acme_locked.py is not what RECORD says",
            "advice": "Run: pip install --force-reinstall --no-deps acme-locked==1.0, or, if it is as it should be, "
            f"lock again: modelry plugins --lock {lock}",
        }
    ]
    assert not (place / "imported").exists()

    done = run("plugins", "--lock", str(lock), PYTHONPATH=str(place))
    assert done.returncode == 1
    assert "acme-locked 1.0 is not locked, because it is not as it was installed" in done.stderr


def test_a_lock_that_is_not_there_is_an_error(invoke, tmp_path):
    done = invoke("doctor", "--no-import", "--locked", str(tmp_path / "nowhere"))
    assert done.exit_code == 1
