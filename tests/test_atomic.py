"""Atomic writes: complete or not at all, flushed before they are renamed."""

from __future__ import annotations

import os
import sys

import pytest

from modelry import _atomic
from modelry._atomic import atomic_file, atomic_folder, write_text


@pytest.fixture
def steps(monkeypatch):
    """Return a list that fills with each flush and rename, and what it is of."""
    found = []
    flush = os.fsync

    def fsync(descriptor):
        found.append(("fsync", "folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file"))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    for name in ("replace", "rename"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda a, b, real=real: (found.append(("rename", "")), real(a, b))[1])
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_file_is_flushed_then_renamed_then_its_folder_flushed(tmp_path, steps):
    write_text(tmp_path / "a", "x")
    assert steps == [("fsync", "file"), ("rename", ""), ("fsync", "folder")]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_folder_is_flushed_with_its_files_then_renamed(tmp_path, steps):
    with atomic_folder(tmp_path / "a") as folder:
        (folder / "b").mkdir()
        (folder / "b" / "c").write_text("x")
    assert steps == [("fsync", "file"), *[("fsync", "folder")] * 2, ("rename", ""), ("fsync", "folder")]


def test_text_is_written_as_it_is(tmp_path):
    write_text(tmp_path / "a", "ä\r\n\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa4\r\n\n"


@pytest.mark.parametrize("write", [atomic_file, atomic_folder])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path, write):
    target = tmp_path / "a"
    if write is atomic_file:
        target.write_text("old")
    else:
        target.mkdir()
        (target / "old").touch()
    with pytest.raises(KeyError), write(target):
        raise KeyError
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_text() == "old" if write is atomic_file else (target / "old").exists()


def test_unfinished_files_lie_in_the_staging_folder(tmp_path):
    staging = tmp_path / "staging"
    staging.mkdir()
    with atomic_file(tmp_path / "a", staging) as file:
        file.write(b"x")
        assert [path.name for path in tmp_path.iterdir()] == ["staging"]
    assert (tmp_path / "a").read_bytes() == b"x"
    assert list(staging.iterdir()) == []


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_replaces_an_older_one(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(_atomic, "_exchange", lambda first, second: False)
    target = tmp_path / "above" / "a"
    for name in ("one", "two"):
        with atomic_folder(target) as folder:
            (folder / name).touch()
    assert [path.name for path in target.iterdir()] == ["two"]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems may lack the call")
def test_an_older_folder_is_never_out_of_place(tmp_path, monkeypatch):
    target = tmp_path / "a"
    with atomic_folder(target) as folder:
        (folder / "one").touch()
    monkeypatch.setattr(os, "rename", lambda a, b: pytest.fail("the older folder was moved away"))
    with atomic_folder(target) as folder:
        (folder / "two").touch()
    assert [path.name for path in target.iterdir()] == ["two"]


def test_a_second_rename_that_fails_puts_the_older_folder_back(tmp_path, monkeypatch):
    target = tmp_path / "a"
    with atomic_folder(target) as folder:
        (folder / "one").touch()
    monkeypatch.setattr(_atomic, "_exchange", lambda first, second: False)
    rename, calls = os.rename, []

    def second_fails(source, destination):
        calls.append(source)
        if len(calls) == 2:
            raise OSError("no")
        rename(source, destination)

    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(OSError, match="no"), atomic_folder(target):
        pass
    assert [path.name for path in target.iterdir()] == ["one"]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_files_and_folders_have_the_modes_that_the_umask_leaves(tmp_path):
    old = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "x")
        with atomic_folder(tmp_path / "folder"):
            pass
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750
