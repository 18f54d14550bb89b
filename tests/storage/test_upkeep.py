from __future__ import annotations

import json
import os
import shutil
import time

import pytest
from typer.testing import CliRunner

from modelry.cli.app import app
from modelry.storage.cache.layout import Layout
from modelry.storage.cache.upkeep import entries, prune
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

WEIGHTS = "model.weights.h5"


@pytest.fixture
def two(web, preset):
    """Two presets in the cache that share all but one file; the second was opened later."""
    other = shutil.copytree(preset, preset.with_name("other"))
    manifest = json.loads((other / "modelry.json").read_text())
    manifest["modelry_version"] = "0.1.1"
    (other / "modelry.json").write_text(json.dumps(manifest))
    for name in ("sentiment", "other"):
        files = open_preset(f"{web.url}/{name}")
        for file in files.names():
            files.path(file)
    return [f"{web.url}/{name}" for name in ("other", "sentiment")]


def invoke(*arguments):
    return CliRunner().invoke(app, ["cache", *arguments])


def make_old(cache, hours=48):
    then = time.time() - hours * 3600
    for path in cache.rglob("*"):
        os.utime(path, (then, then))


def test_the_cache_is_listed(two, cache, preset):
    listed = json.loads(invoke("ls", "--json").stdout)
    assert [entry["uri"] for entry in listed] == two
    assert {entry["folder"] for entry in listed} == {str(cache)}
    total = sum(path.stat().st_size for path in preset.rglob("*") if path.is_file() and path.name != "README.md")
    assert listed[1] | {"opened": 0, "snapshot": 0} == {
        "uri": two[1],
        "revision": None,
        "files": 9,
        "files_here": 9,
        "size": total,
        "folder": str(cache),
        "opened": 0,
        "snapshot": 0,
    }
    assert invoke("ls").stdout.splitlines()[0].split("\t")[:3] == [two[0], "", "9 of 9"]
    assert invoke("path").stdout == f"{cache}\n"


def test_an_empty_cache_is_no_error(cache):
    assert (invoke("ls").stdout, invoke("ls", "--json").stdout) == ("", "[]\n")
    assert invoke("prune").stdout == "0 B removed\n"
    assert invoke("verify").stdout == "0 files, 0 damaged\n"


def test_verifying_finds_and_removes_what_is_damaged(two, cache, preset):
    assert invoke("verify").exit_code == 0
    path = open_preset(two[0]).path(WEIGHTS)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    done = invoke("verify")
    assert done.exit_code == 1
    assert "10 files, 1 damaged" in done.stdout
    assert "was damaged, and is removed" in done.stderr
    assert open_preset(two[0]).path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


def test_pruning_keeps_what_is_used(two, cache):
    before = sorted(cache.rglob("*"))
    assert invoke("prune").stdout == "0 B removed\n"
    assert invoke("prune", "--max-size", "0").stdout == "0 B removed\n"  # all of it was opened a moment ago
    make_old(cache)
    assert invoke("prune").stdout == "0 B removed\n"
    assert [path for path in before if not path.exists()] == []


def test_pruning_to_a_size_forgets_what_was_opened_longest_ago(two, cache):
    make_old(cache)
    assert open_preset(two[0], OpenOptions(offline=True)).path(WEIGHTS).is_file()
    make_old(cache / "v1" / "blobs")
    invoke("prune", "--max-size", "3.4MB")
    assert [entry.ref.uri for entry in entries(Layout(cache / "v1"))] == [two[0]]
    files = open_preset(two[0], OpenOptions(offline=True))
    assert all(files.is_local(name) for name in files.names())
    make_old(cache)
    invoke("prune", "--max-size", "1kB")
    assert list((cache / "v1" / "blobs").glob("*/*")) == []
    assert list((cache / "v1" / "snapshots").iterdir()) == []


def test_pruning_removes_old_versions_and_what_the_dead_left(web, preset, cache):
    open_preset(f"{web.url}/sentiment").path("config.json")
    manifest = json.loads((preset / "modelry.json").read_text())
    manifest["modelry_version"] = "0.1.1"
    old = {path.name for path in (cache / "v1" / "listings").iterdir()}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    open_preset(f"{web.url}/sentiment").path("config.json")
    part = Layout(cache / "v1").tmp() / "key.0123456789abcdef.1.ab.part"
    part.write_bytes(bytes(5000))
    make_old(cache)
    assert prune(Layout(cache / "v1")) > 5000
    assert not part.exists()
    assert old.isdisjoint(path.name for path in (cache / "v1" / "listings").iterdir())
    assert open_preset(f"{web.url}/sentiment", OpenOptions(offline=True)).path("config.json").is_file()


def test_a_file_shared_by_two_presets_goes_with_the_last(two, cache):
    make_old(cache)
    open_preset(two[1], OpenOptions(offline=True))
    invoke("prune", "--max-size", "3.4MB")
    assert [entry.ref.uri for entry in entries(Layout(cache / "v1"))] == [two[1]]
    assert open_preset(two[1], OpenOptions(offline=True)).path(WEIGHTS).is_file()


def test_a_size_that_is_none_is_an_error():
    done = invoke("prune", "--max-size", "lots")
    assert done.exit_code == 2
    assert "'lots' is not a size" in done.stderr
