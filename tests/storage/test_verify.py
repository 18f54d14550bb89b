"""`modelry verify` names what is damaged, missing or unexpected, and says of what nobody can tell."""

from __future__ import annotations

import json
import threading

import pytest
from typer.testing import CliRunner

from modelry.cli.app import app
from modelry.storage.cache import cache as caching
from modelry.storage.cache.layout import Layout
from modelry.storage.filesystems import source
from modelry.storage.integrity import sha256_of
from modelry.storage.open import open_preset

from .conftest import upload

WEIGHTS = "model.weights.h5"
VOCABULARY = "assets/tokenizer/vocabulary.txt"


def verify(*arguments):
    """Return the exit status, and the status and the problem of each file."""
    done = CliRunner().invoke(app, ["verify", "--json", *map(str, arguments)])
    told = json.loads(done.stdout)
    assert told["right"] is (done.exit_code == 0)
    assert sum(told["summary"].values()) == len(told["files"])
    return done.exit_code, {file["name"]: (file["status"], file["problem"]) for file in told["files"]}


def wrong(found):
    fine = ("ok", "unchecked", "unavailable")
    return {name: status for name, (status, _) in found.items() if status not in fine}


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.chmod(0o644)
    path.write_bytes(content)


@pytest.mark.parametrize("spell", [str, lambda _: "bert_micro_sst2", lambda folder: folder.as_uri()])
def test_a_right_preset_passes_and_what_could_not_be_checked_is_named(preset, spell):
    status, found = verify(spell(preset))
    assert status == 0
    unchecked = {name for name, (status, _) in found.items() if status == "unchecked"}
    assert unchecked == {"README.md", "modelry.json"}
    assert found.pop("README.md")[1].endswith("it is not part of the preset")
    assert found.pop("modelry.json")[1].endswith("nothing says what it must be itself")
    assert len(found) == 8
    assert {status for status, _ in found.values()} == {"ok"}
    assert verify(spell(preset), "--strict")[0] == 1


@pytest.mark.parametrize("name", [WEIGHTS, VOCABULARY, "task.json"])
def test_a_flipped_bit_is_damage(preset, name):
    flip(preset / name)
    status, found = verify(preset)
    assert (status, wrong(found)) == (1, {name: "damaged"})
    assert "its SHA-256 is" in found[name][1]


def test_a_truncated_file_is_damage(preset):
    (preset / WEIGHTS).write_bytes((preset / WEIGHTS).read_bytes()[:-1])
    status, found = verify(preset)
    assert (status, wrong(found)) == (1, {WEIGHTS: "damaged"})
    assert "bytes, and should have" in found[WEIGHTS][1]


def test_missing_and_unexpected_files_are_named(preset):
    (preset / WEIGHTS).unlink()
    (preset / "assets/tokenizer/merges.txt").write_text("a b")
    (preset / "notes.txt").write_text("mine")
    status, found = verify(preset)
    assert (status, wrong(found)) == (1, {WEIGHTS: "missing", "assets/tokenizer/merges.txt": "unexpected"})
    assert found["notes.txt"][0] == "unchecked"


@pytest.mark.parametrize("content", ["{", "[]", '{"files": {"config.json": 3}}'])
def test_a_manifest_that_cannot_be_read_is_damage_and_nothing_is_called_right(preset, content):
    (preset / "modelry.json").write_text(content)
    status, found = verify(preset)
    assert (status, wrong(found)) == (1, {"modelry.json": "damaged"})
    assert {status for status, _ in found.values()} == {"damaged", "unchecked"}


def test_where_nothing_tells_a_digest_nothing_is_called_right(preset):
    (preset / "modelry.json").unlink()
    status, found = verify(preset)
    assert status == 1
    assert set(found.values()) == {("unchecked", "there is no modelry.json that lists it, and no store tells a digest")}


def test_files_that_are_not_here_are_fetched(web, preset):
    status, found = verify(f"{web.url}/sentiment")
    assert (status, wrong(found)) == (0, {})
    assert len([path for path, _ in web.requests if path.endswith(WEIGHTS)]) == 1


def test_damage_in_the_cache_is_named_and_mended(web, cache, preset, monkeypatch):
    reference = f"{web.url}/sentiment"
    assert verify(reference)[0] == 0
    monkeypatch.setattr(caching, "SMALL", 10)  # so that opening alone would trust the file's time
    open_preset(reference).path(WEIGHTS)
    blob = Layout(cache / "v1").blob(sha256_of(preset / WEIGHTS))
    flip(blob)
    status, found = verify(reference)
    assert (status, wrong(found)) == (1, {WEIGHTS: "damaged"})
    assert "its copy in the cache was damaged, and is removed" in found[WEIGHTS][1]
    assert verify(reference)[0] == 0
    assert open_preset(reference).path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


def test_offline_damage_in_the_cache_is_named_too(web, cache, preset, monkeypatch):
    reference = f"{web.url}/sentiment"
    verify(reference)
    flip(Layout(cache / "v1").blob(sha256_of(preset / WEIGHTS)))
    monkeypatch.setenv("MODELRY_OFFLINE", "1")
    status, found = verify(reference)
    assert (status, wrong(found)) == (1, {WEIGHTS: "damaged"})


def test_damage_in_the_store_is_named(web, preset):
    flip(preset / WEIGHTS)
    status, found = verify(f"{web.url}/sentiment")
    assert (status, wrong(found)) == (1, {WEIGHTS: "damaged"})
    assert "has other content than the digest" in found[WEIGHTS][1]


def test_what_a_store_lists_otherwise_than_the_manifest_is_named_alone(memory, preset):
    for path in preset.rglob("*"):
        if path.is_file():
            memory.pipe(f"/p/{path.relative_to(preset).as_posix()}", path.read_bytes())
    memory.pipe(f"/p/{WEIGHTS}", b"short")
    status, found = verify("memory://p")
    assert (status, wrong(found)) == (1, {WEIGHTS: "damaged"})
    assert "the store has another file than modelry.json lists" in found[WEIGHTS][1]


def test_what_cannot_be_fetched_is_unavailable_and_says_why(web, preset, monkeypatch):
    reference = f"{web.url}/sentiment"
    open_preset(reference).path("config.json")
    monkeypatch.setenv("MODELRY_OFFLINE", "1")
    status, found = verify(reference)
    assert (status, found["config.json"][0]) == (1, "ok")
    assert found[WEIGHTS][0] == "unavailable"
    assert "Open the preset once without offline" in found[WEIGHTS][1]


def test_a_store_that_is_too_slow_for_one_file_is_asked_for_no_other(web, preset):
    reference = f"{web.url}/sentiment"
    open_preset(reference).path(WEIGHTS)
    web.requests.clear()
    web.faults.extend(["silence"] * 100)
    status, found = verify(reference, "--deadline", "0.5")
    assert status == 1
    first, *rest = sorted(name for name, (status, _) in found.items() if status == "unavailable")
    assert "has not ended after 0.5 seconds" in found[first][1]
    assert len(rest) == 6
    assert {found[name] for name in rest} == {
        ("unavailable", f"it was not asked for, since {first} could not be fetched in time")
    }
    assert found[WEIGHTS] == ("ok", None)
    assert {path for path, _ in web.requests} == {"/sentiment/modelry.json", f"/sentiment/{first}"}


def test_a_manifest_that_does_not_come_in_time_is_no_damage(memory, preset, monkeypatch):
    upload(preset, lambda name, content: memory.pipe(f"/p/{name}", content))
    waiting, released = [], threading.Event()

    def slow(*arguments):
        waiting.append(arguments)
        released.wait(60)

    monkeypatch.setattr(source, "open_file", slow)
    done = CliRunner().invoke(app, ["verify", "memory://p", "--deadline", "0.3"])
    released.set()
    assert done.exit_code == 1
    assert "modelry.json of 'memory://p' could not be fetched: it has not ended after 0.3 seconds" in done.stderr
    assert done.stdout == ""
    assert len(waiting) == 1


def test_lines_for_pipes_have_status_file_and_problem(preset):
    (preset / WEIGHTS).unlink()
    done = CliRunner().invoke(app, ["verify", str(preset)])
    assert done.exit_code == 1
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert ["ok", "config.json", ""] in rows
    assert ["missing", WEIGHTS, "modelry.json lists it, and it is not there"] in rows
