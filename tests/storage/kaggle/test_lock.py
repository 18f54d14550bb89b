"""A lock file keeps a model on Kaggle at the version that was locked, and holds its files to digests."""

import json
import shutil

import pytest

from modelry.errors import ChecksumMismatch, LockError, StorageError
from modelry.storage.lock import LockFile, lock_preset
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

from .conftest import MODEL

REFERENCE = f"kaggle://{MODEL}"


@pytest.fixture
def lock(kaggle, tiny, tmp_path):
    """A lock file with version 1, before there is another."""
    path = tmp_path / "modelry.lock"
    LockFile(path, {REFERENCE: lock_preset(open_preset(REFERENCE))}).write()
    return path


def change(lock, **facts):
    values = json.loads(lock.read_text())
    values["presets"][REFERENCE] |= facts
    lock.write_text(json.dumps(values))
    return values["presets"][REFERENCE]["files"]


def test_the_locked_version_is_loaded_and_not_the_newest(kaggle, lock, tiny, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "newer")
    (folder / "task.json").write_text("{}")
    kaggle.publish(MODEL, folder)
    assert open_preset(REFERENCE).revision == "2"
    kaggle.log.clear()
    for offline in (False, True):
        files = open_preset(REFERENCE, OpenOptions(lock=lock, offline=offline))
        assert files.revision == "1"
        assert files.path("task.json").read_bytes() == (tiny / "task.json").read_bytes()
    assert not [one for one in kaggle.log if one.path.startswith("/files/")]  # found by what it contains


def test_a_file_with_another_digest_is_not_taken(lock):
    files = change(lock)
    files["config.json"]["sha256"] = "0" * 64
    change(lock, files=files)
    with pytest.raises(
        ChecksumMismatch, match=r"config\.json .* has other content than the digest that the store .* has"
    ):
        open_preset(REFERENCE, OpenOptions(lock=lock)).path("config.json")


@pytest.mark.parametrize("revision", ["main", "0", "1/../2"])
def test_what_is_no_version_is_refused(lock, revision):
    change(lock, revision=revision)
    with pytest.raises(StorageError, match="which is not a version of it"):
        open_preset(REFERENCE, OpenOptions(lock=lock))


def test_a_version_in_the_reference_is_not_overruled(kaggle, lock, tiny):
    values = json.loads(lock.read_text())
    values["presets"] = {f"{REFERENCE}/1": values["presets"][REFERENCE] | {"revision": "2"}}
    lock.write_text(json.dumps(values))
    with pytest.raises(StorageError, match="'2', which is not a version of it"):
        open_preset(f"{REFERENCE}/1", OpenOptions(lock=lock))
    values["presets"][f"{REFERENCE}/1"]["revision"] = None
    lock.write_text(json.dumps(values))
    with pytest.raises(LockError, match="is locked at version None, and its store leads to '1'"):
        open_preset(f"{REFERENCE}/1", OpenOptions(lock=lock))
