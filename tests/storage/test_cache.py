from __future__ import annotations

import os
import shutil
from collections import namedtuple

import pytest

from modelry.errors import CorruptCache, InputError, PresetNotFound, StorageError
from modelry.storage.cache import cache as caching
from modelry.storage.cache.layout import Layout, cache_layers
from modelry.storage.cache.part import Part, orphans
from modelry.storage.integrity import sha256_of
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

WEIGHTS = "model.weights.h5"


@pytest.fixture
def reference(web, preset):
    """A preset of which all is in the cache."""
    files = open_preset(f"{web.url}/sentiment")
    for name in files.names():
        files.path(name)
    web.requests.clear()
    return f"{web.url}/sentiment"


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.chmod(0o644)
    path.write_bytes(content)


def cut(path):
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size // 2)


def lose(path):
    path.unlink()


def empty(path):
    path.chmod(0o644)
    os.truncate(path, 0)


def link_away(path):
    path.unlink()
    path.symlink_to("/etc/hostname")


DAMAGES = [flip, cut, lose, empty, link_away]


def blob_of(cache, preset, name):
    return Layout(cache / "v1").blob(sha256_of(preset / name))


@pytest.mark.parametrize("name", ["config.json", WEIGHTS])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_fetched_again(cache, web, preset, reference, damage, name):
    damage(blob_of(cache, preset, name))
    assert open_preset(reference).path(name).read_bytes() == (preset / name).read_bytes()
    assert [path for path, _ in web.requests].count(f"/sentiment/{name}") == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_name_is_mended_from_what_is_here(cache, web, preset, reference, damage):
    path = open_preset(reference).path(WEIGHTS)
    shutil.copyfile(path, path.with_name("copy"))  # so that the name alone is damaged, and not the blob
    path.with_name("copy").replace(path)
    damage(path)
    found = open_preset(reference, OpenOptions(offline=True)).path(WEIGHTS)
    assert not found.is_symlink()
    assert found.read_bytes() == (preset / WEIGHTS).read_bytes()


@pytest.mark.parametrize("damage", [flip, cut, empty, link_away])
def test_offline_a_damaged_file_is_an_error(cache, preset, reference, damage):
    damage(blob_of(cache, preset, WEIGHTS))
    files = open_preset(reference, OpenOptions(offline=True))
    with pytest.raises(
        (CorruptCache, StorageError), match=r"model\.weights\.h5 .*Open the preset once without offline"
    ):
        files.path(WEIGHTS)
    assert files.path("config.json").is_file()


def test_a_flipped_bit_is_called_damage(cache, preset, reference):
    flip(blob_of(cache, preset, WEIGHTS))
    with pytest.raises(CorruptCache, match="is damaged in the cache"):
        open_preset(reference, OpenOptions(offline=True)).path(WEIGHTS)


@pytest.mark.parametrize("kind", ["refs", "listings", "digests"])
def test_damaged_notes_are_made_again(cache, web, preset, reference, kind):
    for path in (cache / "v1" / kind).rglob("*"):
        if path.is_file():
            path.write_text("{")
    assert open_preset(reference).path("config.json").read_bytes() == (preset / "config.json").read_bytes()
    assert open_preset(reference, OpenOptions(offline=True)).is_local("config.json")


def test_a_large_file_is_hashed_when_it_seems_changed_or_that_is_asked_for(cache, preset, reference, monkeypatch):
    monkeypatch.setattr(caching, "SMALL", 1000)
    open_preset(reference).path(WEIGHTS)
    blob, offline = blob_of(cache, preset, WEIGHTS), OpenOptions(offline=True)
    facts = blob.stat()
    flip(blob)
    os.utime(blob, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    open_preset(reference, offline).path(WEIGHTS)  # the price of being fast, which the documentation tells
    with pytest.raises(CorruptCache):
        open_preset(reference, OpenOptions(offline=True, verify="full")).path(WEIGHTS)


def test_a_large_file_that_seems_changed_is_hashed(cache, preset, reference, monkeypatch):
    monkeypatch.setattr(caching, "SMALL", 1000)
    open_preset(reference).path(WEIGHTS)
    flip(blob_of(cache, preset, WEIGHTS))
    with pytest.raises(CorruptCache):
        open_preset(reference, OpenOptions(offline=True)).path(WEIGHTS)


def test_what_was_never_fetched_is_told_offline(web, preset):
    options = OpenOptions(offline=True)
    with pytest.raises(PresetNotFound, match="was never fetched into the cache"):
        open_preset(f"{web.url}/sentiment", options)
    open_preset(f"{web.url}/sentiment").path("config.json")
    files = open_preset(f"{web.url}/sentiment", options)
    assert files.path("config.json").is_file()
    with pytest.raises(StorageError, match=r"model\.weights\.h5 .* is not in the cache"):
        files.path(WEIGHTS)


def test_a_layer_below_is_read_and_never_written(cache, web, preset, reference, tmp_path, monkeypatch):
    before = {path: path.lstat().st_mtime_ns for path in (cache / "v1").rglob("*") if "refs" not in path.parts}
    monkeypatch.setenv("MODELRY_CACHE", os.pathsep.join([str(tmp_path / "own"), str(cache)]))
    for options in (OpenOptions(), OpenOptions(offline=True)):
        files = open_preset(reference, options)
        assert all(files.is_local(name) for name in files.names())
        assert files.path(WEIGHTS).is_relative_to(cache)
    assert {path for path, _ in web.requests} == {"/sentiment/modelry.json"}
    assert not (tmp_path / "own" / "v1" / "blobs").exists()
    assert {path: path.lstat().st_mtime_ns for path in (cache / "v1").rglob("*") if "refs" not in path.parts} == before


def test_damage_in_a_layer_below_is_mended_above(cache, preset, reference, tmp_path, monkeypatch):
    flip(blob_of(cache, preset, WEIGHTS))
    monkeypatch.setenv("MODELRY_CACHE", os.pathsep.join([str(tmp_path / "own"), str(cache)]))
    path = open_preset(reference).path(WEIGHTS)
    assert path.is_relative_to(tmp_path / "own")
    assert path.read_bytes() == (preset / WEIGHTS).read_bytes()


def test_a_file_system_without_hard_links_gets_copies(web, preset, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(caching.os, "link", refuse)
    path = open_preset(f"{web.url}/sentiment").path(WEIGHTS)
    assert path.stat().st_nlink == 1
    flip(path)
    assert open_preset(f"{web.url}/sentiment").path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


def test_a_folder_of_ones_own(web, preset, cache, tmp_path):
    path = open_preset(f"{web.url}/sentiment", OpenOptions(cache_dir=tmp_path / "mine")).path("config.json")
    assert path.is_relative_to(tmp_path / "mine")
    assert list(cache.iterdir()) == []


def test_folders_are_named_as_in_a_path(monkeypatch, tmp_path):
    monkeypatch.setenv("MODELRY_CACHE", os.pathsep.join(["~/a", "", str(tmp_path)]))
    assert [layer.root.parent for layer in cache_layers(None)] == [tmp_path.home() / "a", tmp_path]
    monkeypatch.setenv("MODELRY_CACHE", "")
    (default,) = cache_layers(None)
    assert default.root.parts[-3:] == ("modelry", "presets", "v1")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cache_dir names .* which is a file"):
        cache_layers(tmp_path / "file")


def test_a_cache_that_cannot_be_written_is_named(web, preset):
    with pytest.raises(StorageError, match=r"The cache '/dev/null/.*cannot be written.*Set MODELRY_CACHE"):
        open_preset(f"{web.url}/sentiment", OpenOptions(cache_dir="/dev/null/cache"))


def test_a_file_for_which_there_is_no_room_is_not_begun(web, preset, monkeypatch):
    files = open_preset(f"{web.url}/sentiment")
    files.path("config.json")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(1000))
    with pytest.raises(StorageError, match=r"has room for 1,000.*modelry cache prune"):
        files.path(WEIGHTS)
    assert f"/sentiment/{WEIGHTS}" not in {path for path, _ in web.requests}


def test_files_are_read_only_and_shared_by_presets(cache, web, preset, reference):
    shutil.copytree(preset, preset.with_name("copy"))
    path = open_preset(f"{web.url}/copy").path(WEIGHTS)
    assert f"/copy/{WEIGHTS}" not in {path for path, _ in web.requests}
    assert path.stat().st_mode & 0o777 == 0o444
    assert path.stat().st_nlink == 3
    assert (cache / "v1" / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_a_part_of_this_process_is_taken_over_only_when_it_is_left(tmp_path):
    layout = Layout(tmp_path)
    with Part(layout, "key") as first:
        first.write(b"abc")
        with Part(layout, "key") as second:
            assert second.size == 0
    with Part(layout, "other") as other, Part(layout, "key") as third:
        assert (other.size, third.size) == (0, 3)
        third.write(b"def")
        assert third.complete() == "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721"
        assert third.publish().read_bytes() == b"abcdef"
    assert orphans(layout) == []


def test_a_part_of_another_host_is_left_alone(tmp_path):
    layout = Layout(tmp_path)
    theirs = layout.tmp() / "key.0123456789abcdef.1.ab.part"
    theirs.write_bytes(b"abc")
    with Part(layout, "key") as part:
        assert part.size == 0
    assert theirs.exists()
