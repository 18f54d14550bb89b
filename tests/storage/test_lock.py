"""Against a lock file, what is loaded is what was locked, or nothing is."""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from modelry import Backbone, Preprocessor, TextClassifier, Tokenizer
from modelry.cli.app import app
from modelry.errors import ChecksumMismatch, InputError, LockError
from modelry.storage.lock import parse_lock, render
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

from .conftest import upload

WEIGHTS = "model.weights.h5"
VOCABULARY = "assets/tokenizer/vocabulary.txt"


def run(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)))
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def lock(tmp_path, monkeypatch):
    """Where the lock file is."""
    monkeypatch.delenv("MODELRY_LOCK", raising=False)
    return tmp_path / "modelry.lock"


@pytest.fixture
def locked(lock, preset):
    """A lock file with the preset in a folder beside it."""
    assert run("lock", preset, "--file", lock)[0] == 0
    return OpenOptions(lock=lock)


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.write_bytes(content)


def contents(files):
    return {name: files.path(name).read_bytes() for name in files.names()}


def on_disk(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_lock_file_holds_size_and_digest_of_every_file(locked, lock, preset):
    values = json.loads(lock.read_text())
    assert set(values["presets"]) == {"./sentiment"}
    assert values["presets"]["./sentiment"] == {
        "revision": None,
        "files": {
            name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in on_disk(preset).items()
        },
    }
    text = lock.read_text()
    assert text == render(parse_lock(text, "here"))
    run("lock", preset, "--file", lock)
    assert lock.read_text() == text


def test_what_is_locked_is_loaded(locked, lock, preset, monkeypatch):
    assert contents(open_preset(preset, locked)) == on_disk(preset)
    here, there = TextClassifier.from_preset(preset), TextClassifier.from_preset(preset, lock=lock)
    np.testing.assert_array_equal(here.predict(["a film"]), there.predict(["a film"]))
    for cls in (Backbone, Preprocessor, Tokenizer):
        assert isinstance(cls.from_preset(preset, lock=str(lock)), cls)
    monkeypatch.setenv("MODELRY_LOCK", str(lock))
    assert contents(open_preset(preset)) == on_disk(preset)


@pytest.mark.parametrize("cls", [TextClassifier, Backbone, Preprocessor, Tokenizer])
def test_what_is_not_in_the_file_is_not_loaded(locked, lock, cls, monkeypatch):
    with pytest.raises(LockError, match=r"'bert_micro_sst2 .*' is not in the lock file .*Run: modelry lock bert_micro"):
        cls.from_preset("bert_micro_sst2", lock=lock)
    monkeypatch.setenv("MODELRY_LOCK", str(lock))
    with pytest.raises(LockError, match="is not in the lock file"):
        cls.from_preset("bert_micro_sst2")


@pytest.mark.parametrize("name", [WEIGHTS, VOCABULARY, "modelry.json", "config.json"])
def test_a_file_that_is_changed_in_place_is_not_handed_out(locked, preset, name):
    flip(preset / name)
    files = open_preset(preset, locked)
    with pytest.raises(ChecksumMismatch, match=rf"{name} of .* is not what the lock file says: its SHA-256 is"):
        files.path(name)
    with pytest.raises(ChecksumMismatch):
        TextClassifier.from_preset(preset, lock=locked.lock)


def test_a_file_that_changes_after_it_was_hashed_is_hashed_again(locked, preset):
    files = open_preset(preset, locked)
    assert files.path(VOCABULARY) == preset / VOCABULARY
    flip(preset / VOCABULARY)
    with pytest.raises(ChecksumMismatch, match="is not what the lock file says"):
        files.path(VOCABULARY)


def test_a_file_of_another_size_too_few_and_too_many_are_named(locked, preset):
    (preset / WEIGHTS).write_bytes(b"short")
    (preset / VOCABULARY).unlink()
    (preset / "more.json").write_text("{}")
    with pytest.raises(LockError) as caught:
        open_preset(preset, locked)
    assert f"{VOCABULARY} is missing" in str(caught.value)
    assert "more.json is not in the lock file" in str(caught.value)
    assert f"{WEIGHTS} has 5 bytes, and is locked with" in str(caught.value)


def test_a_lock_file_and_its_folders_can_be_moved_together(locked, lock, preset, tmp_path):
    (tmp_path / "new").mkdir()
    moved = preset.rename(tmp_path / "new/sentiment")
    lock = lock.rename(tmp_path / "new/modelry.lock")
    assert contents(open_preset(moved, OpenOptions(lock=lock))) == on_disk(moved)
    assert run("lock", "--check", "--file", lock)[0] == 0


def test_a_builtin_name_is_locked_by_what_it_stands_for(lock):
    assert run("lock", "bert_micro_sst2", "--file", lock)[0] == 0
    (key,) = json.loads(lock.read_text())["presets"]
    assert key == "package://modelry-bert/modelry_bert/presets/bert_micro_sst2"
    for reference in (key, "bert_micro_sst2", f"{key}/"):
        assert open_preset(reference, OpenOptions(lock=lock)).path("config.json").is_file()


def test_a_store_without_versions_is_held_to_the_files(lock, web, preset):
    reference, options = f"{web.url}/sentiment", OpenOptions(lock=lock)
    assert run("lock", reference, "--file", lock)[0] == 0
    assert not [path for path, _ in web.requests if path.endswith(".h5")]  # the manifest tells their digests
    assert open_preset(reference, options).path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
    assert open_preset(reference, OpenOptions(lock=lock, offline=True)).path(WEIGHTS).is_file()
    flip(preset / "config.json")
    with pytest.raises(ChecksumMismatch, match=r"config\.json .* or a lock file"):
        open_preset(reference, OpenOptions(lock=lock, cache_dir=lock.with_name("empty"))).path("config.json")


def test_a_store_that_lists_other_files_is_refused_before_one_is_read(lock, memory, preset):
    upload(preset, lambda name, content: memory.pipe(f"/p/{name}", content))
    assert run("lock", "memory://p", "--file", lock)[0] == 0
    memory.pipe("/p/task.json", b"{}")
    memory.pipe("/p/model.weights.json", b"{}")
    with pytest.raises(LockError, match=r"model\.weights\.json is not in the lock file; task\.json has 2 bytes"):
        open_preset("memory://p", OpenOptions(lock=lock))


def test_secrets_do_not_get_into_the_file(lock, web, preset):
    reference = f"{web.url}/sentiment?sig=planted"
    assert run("lock", reference, "--file", lock)[0] == 0
    assert "planted" not in lock.read_text()
    assert open_preset(reference, OpenOptions(lock=lock)).path("config.json").is_file()


def test_presets_that_differ_in_a_hidden_value_are_two(lock, web, preset):
    first, second = (f"{web.url}/sentiment?tenant={name}" for name in ("planted1", "planted2"))
    assert run("lock", first, "--file", lock)[0] == 0
    key = next(iter(json.loads(lock.read_text())["presets"]))
    flip(preset / "README.md")
    with pytest.raises(LockError, match=r"tenant=\*\*\*' is not in the lock file .* in place of \*\*\*"):
        open_preset(second, OpenOptions(lock=lock))
    assert run("lock", second, "--file", lock)[0] == 0
    assert len(json.loads(lock.read_text())["presets"]) == 2
    assert "planted" not in lock.read_text()
    assert key == f"{web.url}/sentiment?tenant=***#{key.rpartition('#')[2]}"
    assert re.fullmatch("[0-9a-f]{16}", key.rpartition("#")[2])
    assert run("lock", "--check", first, second, "--file", lock)[0] == 0
    assert run("lock", "--remove", key, "--file", lock)[0] == 0
    assert len(json.loads(lock.read_text())["presets"]) == 1


def test_a_signature_that_was_made_anew_leads_to_the_same_preset(lock, web, preset):
    signed = "X-Amz-Signature=planted&X-Amz-Expires=1&sig=planted&se=2026&tenant="
    assert run("lock", f"{web.url}/sentiment?{signed}one", "--file", lock)[0] == 0
    other = signed.replace("planted", "other").replace("2026", "2027")
    assert "config.json" in open_preset(f"{web.url}/sentiment?{other}one", OpenOptions(lock=lock))
    with pytest.raises(LockError):
        open_preset(f"{web.url}/sentiment?{other}two", OpenOptions(lock=lock))


@pytest.mark.parametrize("query", ["?tenant=planted", "?sig=planted"])
def test_what_a_key_leaves_out_has_to_be_named_for_check(lock, web, preset, query):
    reference = f"{web.url}/sentiment{query}"
    assert run("lock", reference, "--file", lock)[0] == 0
    key = next(iter(json.loads(lock.read_text())["presets"]))
    seen = len(web.requests)
    for named in ([], [key]):
        status, _, said = run("lock", "--check", *named, "--file", lock)
        assert status == 1
        assert f"{key!r} in the lock file" in " ".join(said.split())
        assert "Name the preset on the command line" in " ".join(said.split())
    assert len(web.requests) == seen
    assert run("lock", "--check", reference, "--file", lock)[0] == 0


def test_check_names_what_has_changed_and_changes_nothing(locked, lock, preset):
    assert run("lock", "--check", "--file", lock) == (0, "", "")
    (preset / "README.md").write_text("new")
    (preset / "more.txt").write_text("more")
    before = lock.read_bytes()
    status, shown, _ = run("lock", "--check", "--file", lock)
    assert status == 1
    assert shown.splitlines() == ["./sentiment\tchanged\tREADME.md", "./sentiment\tadded\tmore.txt"]
    status, shown, _ = run("lock", "--check", preset, "--file", lock, "--json")
    assert (status, json.loads(shown)["changed"]) == (1, True)
    assert json.loads(shown)["presets"][0]["differences"][1] == {"name": "more.txt", "difference": "added"}
    assert lock.read_bytes() == before
    run("lock", preset, "--file", lock)
    assert run("lock", "--check", "--file", lock)[0] == 0


def test_other_presets_in_the_file_stay(locked, lock):
    assert run("lock", "bert_micro_sst2", "--file", lock)[0] == 0
    assert len(json.loads(lock.read_text())["presets"]) == 2


def test_a_damaged_preset_is_not_locked(lock, preset):
    flip(preset / WEIGHTS)
    status, _, said = run("lock", preset, "--file", lock)
    assert status == 1
    assert "is not what its modelry.json says, so it is not locked" in said
    assert not lock.exists()


def test_a_lock_file_is_no_file_of_the_preset(preset):
    status, _, said = run("lock", preset, "--file", preset / "modelry.lock")
    assert status == 1
    assert "would lie in the preset" in said
    with pytest.raises(InputError, match="lock must be the path"):
        OpenOptions(lock="")


def test_lock_without_a_preset_and_check_without_a_file_are_errors(lock):
    assert run("lock", "--file", lock)[0] == 2
    status, _, said = run("lock", "--check", "--file", lock)
    assert status == 1
    assert "There is no lock file" in said


def test_verify_holds_every_file_against_the_lock_file(locked, lock, preset, monkeypatch):
    monkeypatch.setenv("MODELRY_LOCK", str(lock))
    assert run("verify", preset, "--strict")[0] == 0
    manifest = json.loads((preset / "modelry.json").read_text())
    text = (preset / "modelry.json").read_text().replace(manifest["labels"][0], manifest["labels"][0][::-1])
    (preset / "modelry.json").write_text(text)
    status, shown, _ = run("verify", preset, "--json")
    files = {file["name"]: file["status"] for file in json.loads(shown)["files"]}
    assert (status, files["modelry.json"]) == (1, "damaged")


FACTS = {"size": 2, "sha256": "a" * 64}


def text_with(files=None, revision=None, **more):
    """Return the text of a lock file with one preset."""
    preset = {"files": {"config.json": FACTS} if files is None else files, "revision": revision, **more}
    return json.dumps({"format_version": 1, "presets": {"a": preset}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must have format_version and presets, and has list"),
        ('{"format_version": 2, "presets": {}}', "format version 2, and this modelry reads up to 1"),
        ('{"format_version": true, "presets": {}}', "format_version is True"),
        ('{"format_version": 1}', "must have format_version and presets"),
        ('{"format_version": 1, "presets": []}', "presets is not an object"),
        ('{"format_version": 1, "presets": {"a": {}}}', "'a' must have files and revision"),
        ('{"format_version": 1, "presets": {"a": 1, "a": 2}}', "'a' stands twice"),
        (text_with(revision=1), "revision of 'a' is 1"),
        (text_with(more=1), "'a' must have files and revision"),
        (text_with({}), "'a' lists no files"),
        (text_with({"../config.json": FACTS}), "leads out of the preset"),
        (text_with({"a.txt": FACTS | {"size": "2"}}), "size of a.txt of 'a' is '2'"),
        (text_with({"a.txt": FACTS | {"size": -2}}), "size of a.txt of 'a' is -2"),
        (text_with({"a.txt": FACTS | {"sha256": "A" * 64}}), "not 64 hexadecimal digits"),
        (text_with({"a.txt": {"size": 2}}), "must have sha256 and size"),
    ],
)
def test_a_lock_file_with_something_wrong_in_it_lets_nothing_load(lock, preset, text, message):
    lock.write_text(text)
    with pytest.raises(LockError, match=message):
        open_preset(preset, OpenOptions(lock=lock))


def test_without_the_lock_file_nothing_loads(lock, preset):
    with pytest.raises(LockError, match="There is no lock file"):
        open_preset(preset, OpenOptions(lock=lock))
