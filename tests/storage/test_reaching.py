"""What cannot be read or written on this machine is an error that says what, where, why, and what to do next."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

import modelry
from modelry.errors import InputError, LockError, PresetNotFound, SaveError, StorageError
from modelry.presets.read import read_recipe
from modelry.presets.verify import sign_preset
from modelry.presets.write import new_folder
from modelry.storage import files
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

RIGHTS = r"Permission denied .*Ask its owner for the right"
TOO_LONG = "a" * 300


@contextmanager
def as_somebody_else():
    """Within this, this process is nobody where it was root, whom nothing is refused."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.fixture
def place():
    """A folder that everybody may enter, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="modelry-test-"))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def here(place, preset):
    """A preset that everybody may read."""
    found = Path(shutil.copytree(preset, place / "sentiment"))
    for path in (found, *found.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return found


def test_a_folder_that_may_not_be_listed(here):
    (here / "assets").chmod(0)
    files = open_preset(here)
    message = rf"^The folder of preset '{here}' cannot be listed: {RIGHTS}"
    with as_somebody_else(), pytest.raises(StorageError, match=message):
        files.names()


def test_a_folder_in_one_that_may_not_be_entered(place, here):
    place.chmod(0)
    with as_somebody_else(), pytest.raises(StorageError, match=rf"^'{here}' cannot be opened: {RIGHTS}"):
        open_preset(here)


def test_a_file_that_may_not_be_read(here):
    (here / "config.json").chmod(0)
    with as_somebody_else():
        with pytest.raises(StorageError, match=rf"^config\.json of preset '{here}' cannot be read: {RIGHTS}"):
            read_recipe(here)
        with pytest.raises(StorageError, match=rf"cannot be read: {RIGHTS}"):
            modelry.upload_preset("memory://p", here)
        assert open_preset([here, here.as_uri()]).path("task.json").is_file()


def test_weights_that_may_not_be_read(here):
    modelry.Backbone.from_preset(here)  # imports what somebody else may not
    (here / "model.weights.h5").chmod(0)
    message = rf"^model\.weights\.h5 of preset .* cannot be read: {RIGHTS}"
    with as_somebody_else(), pytest.raises(StorageError, match=message):
        modelry.Backbone.from_preset(here)


def test_a_place_that_may_not_be_read_is_passed_over_for_a_mirror(place, here, preset):
    place.chmod(0)
    open_preset(preset)
    with pytest.raises(StorageError, match="cannot be opened"), as_somebody_else():
        open_preset(here)
    place.chmod(0o755)
    (here / "config.json").chmod(0)
    other = Path(shutil.copytree(here, place / "other"))
    (other / "config.json").chmod(0o644)
    with as_somebody_else():
        assert open_preset([here, other]).path("config.json").parent == other


@pytest.mark.parametrize("named", [TOO_LONG, Path(TOO_LONG), f"./x/../{TOO_LONG}/y"])
def test_a_name_that_is_too_long(tmp_path, monkeypatch, named):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    with pytest.raises((StorageError, PresetNotFound), match="aaa"):
        open_preset(named)
    assert TOO_LONG not in open_preset(tmp_path)
    with pytest.raises(PresetNotFound, match="no folder"):
        modelry.upload_preset("memory://p", named)
    with pytest.raises(SaveError, match=r"File name too long .* use a shorter one"), new_folder(named):
        pass


def test_a_path_that_is_too_long_says_so(tmp_path):
    with pytest.raises(StorageError, match=r"cannot be opened: File name too long .*: use a shorter one"):
        open_preset(tmp_path / TOO_LONG)
    with pytest.raises(PresetNotFound, match="has no folder"):
        open_preset(f"package://modelry-bert/{TOO_LONG}")


@pytest.mark.parametrize("named", ["a\0b", "file:///a%00b", "file:///a\ud800b", "./a\ud800b"])
def test_a_path_that_no_file_can_have(named):
    with pytest.raises(StorageError, match=r"names no (preset|folder)"):
        open_preset(named)


@pytest.mark.parametrize("named", ["a\0b", "a\ud800b"])
def test_nothing_is_saved_to_a_path_that_no_folder_can_have(named, preset):
    with pytest.raises(InputError, match="preset_dir must be the path of a folder"), new_folder(named):
        pass
    with pytest.raises(PresetNotFound):
        modelry.upload_preset("memory://p", named)
    with pytest.raises(PresetNotFound):
        sign_preset(named, "key.pem")
    with pytest.raises(LockError, match="cannot be read"):
        open_preset(preset, OpenOptions(lock=named))
    with pytest.raises(InputError, match="no public key"):
        open_preset(preset, OpenOptions(public_key=named))


def test_links_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(StorageError, match=r"cannot be opened: Too many levels of symbolic links .*in a circle"):
        open_preset(tmp_path / "a")
    (tmp_path / "preset").mkdir()
    (tmp_path / "preset/config.json").symlink_to("config.json")
    with pytest.raises(PresetNotFound, match=r"has no config\.json"):
        read_recipe(tmp_path / "preset")


def test_a_folder_below_a_file_is_none(preset):
    with pytest.raises(PresetNotFound, match="no folder"):
        open_preset(preset / "config.json/deeper")


def test_a_disk_that_fails_while_a_file_is_read(preset, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(files, "read_json_file", fail)
    with pytest.raises(StorageError, match=r"^config\.json of preset .* cannot be read: Input/output error\. The disk"):
        read_recipe(preset)


def test_a_place_that_may_not_be_written_to(place):
    (place / "locked").mkdir(mode=0)
    place.chmod(0o555)
    for target in (place / "new", place / "locked/new"):
        with as_somebody_else(), pytest.raises(SaveError, match=rf"'{target}' failed: {RIGHTS}"), new_folder(target):
            pass


def test_what_cannot_be_carried_over_is_not_lost(here):
    mine = here / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    here.parent.chmod(0o777)
    here.chmod(0o777)
    mine.chmod(0)
    message = rf"failed: {RIGHTS}.* What was there before is unchanged"
    with as_somebody_else(), pytest.raises(SaveError, match=message), new_folder(here):
        pass
    assert (mine / "notes.txt").read_text() == "mine"
    assert (here / "config.json").is_file()
