"""A lock file keeps a branch at the commit that was locked."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from modelry.cli.app import app
from modelry.errors import LockError, StorageError
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

WEIGHTS = "model.weights.h5"
REFERENCE = "hf://acme/reviews@v2"


def run(*arguments):
    done = CliRunner().invoke(app, ["lock", *map(str, arguments)])
    return done.exit_code, done.stdout


@pytest.fixture
def lock(hub, reviews, tmp_path):
    """A lock file with the branch `v2` as it is before it moves."""
    path = tmp_path / "modelry.lock"
    assert run(REFERENCE, "--file", path)[0] == 0
    return path


@pytest.fixture
def moved(hub, lock, reviews, tmp_path):
    """The branch as it is afterwards: its folder."""
    folder = shutil.copytree(reviews, tmp_path / "newer")
    (folder / "task.json").write_text("{}")
    hub.publish("acme/reviews", folder, "v2")
    return folder


def test_the_commit_is_locked_and_large_files_are_not_fetched(hub, lock):
    locked = json.loads(lock.read_text())["presets"][REFERENCE]
    assert locked["revision"] == hub.repositories["acme/reviews"].refs["v2"]
    assert not [one for one in hub.log if one.path.endswith(WEIGHTS)]


@pytest.mark.parametrize("revision", [None, "locked"])
def test_a_branch_that_has_moved_is_loaded_as_it_was_locked(lock, moved, reviews, revision):
    locked = json.loads(lock.read_text())["presets"][REFERENCE]["revision"]
    files = open_preset(REFERENCE, OpenOptions(lock=lock, revision=revision and locked))
    assert files.revision == locked
    assert files.path("task.json").read_bytes() == (reviews / "task.json").read_bytes()
    assert open_preset(REFERENCE).path("task.json").read_text() == "{}"


def test_a_locked_preset_is_opened_without_a_request_and_offline(hub, lock, reviews):
    for name in open_preset(REFERENCE).names():
        open_preset(REFERENCE).path(name)
    hub.log.clear()
    for offline in (False, True):
        files = open_preset(REFERENCE, OpenOptions(lock=lock, offline=offline))
        assert files.path(WEIGHTS).read_bytes() == (reviews / WEIGHTS).read_bytes()
    assert hub.log == []


def test_a_locked_preset_is_kept_when_its_branch_has_moved(hub, lock, reviews, tmp_path):
    for name in open_preset(REFERENCE).names():
        open_preset(REFERENCE).path(name)
    open_preset(REFERENCE, OpenOptions(lock=lock))
    folder = shutil.copytree(reviews, tmp_path / "newer")
    (folder / "task.json").write_text("{}")
    hub.publish("acme/reviews", folder, "v2")
    assert open_preset(REFERENCE).path("task.json").read_text() == "{}"
    files = open_preset(REFERENCE, OpenOptions(lock=lock, offline=True))
    assert files.path("task.json").read_bytes() == (reviews / "task.json").read_bytes()


def test_another_revision_than_the_locked_one_is_refused(lock, moved):
    with pytest.raises(LockError, match=r"revision='main' is given as well"):
        open_preset(REFERENCE, OpenOptions(lock=lock, revision="main"))


def test_check_says_that_the_branch_has_moved(lock, moved):
    status, shown = run("--check", "--file", lock)
    assert status == 1
    lines = [line.split("\t") for line in shown.splitlines()]
    assert [line[1] for line in lines] == ["revision", "changed"]
    assert lines[1] == [REFERENCE, "changed", "task.json"]
    assert run(REFERENCE, "--file", lock)[0] == 0
    assert run("--check", "--file", lock)[0] == 0


@pytest.mark.parametrize("revision", ["v2", "../x", "1" * 39])
def test_what_is_no_commit_in_a_lock_file_is_refused(lock, revision):
    values = json.loads(lock.read_text())
    values["presets"][REFERENCE]["revision"] = revision
    lock.write_text(json.dumps(values))
    with pytest.raises(StorageError, match="which is not a commit of it"):
        open_preset(REFERENCE, OpenOptions(lock=lock))


def test_a_commit_that_lists_other_files_than_are_locked_is_refused(lock):
    values = json.loads(lock.read_text())
    del values["presets"][REFERENCE]["files"]["config.json"]
    values["presets"][REFERENCE]["files"]["task.json"]["size"] += 1
    lock.write_text(json.dumps(values))
    with pytest.raises(LockError, match=r"config\.json is not in the lock file; task\.json has [\d,]+ bytes"):
        open_preset(REFERENCE, OpenOptions(lock=lock))
