"""A preset that lies in several places."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from modelry import TextClassifier, Tokenizer, registry
from modelry.cli.app import app
from modelry.errors import InputError, StorageError, UnsafePresetError
from modelry.plugin import BuiltinPreset
from modelry.storage import retries
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

from .web import Web

TEXTS = ["a fine film"]


@pytest.fixture
def mirror(preset, tmp_path):
    """Another server, with a copy of the preset."""
    folder = tmp_path / "mirror"
    shutil.copytree(preset, folder / "sentiment")
    with Web(folder) as server:
        yield server


@pytest.fixture
def places(web, mirror, preset):
    return [f"{web.url}/sentiment", f"{mirror.url}/sentiment"]


def asked(server):
    return {path.rpartition("/")[2] for path, _ in server.requests}


def test_the_first_is_enough(places, mirror, preset):
    assert TextClassifier.from_preset(places).classify(TEXTS) == TextClassifier.from_preset(preset).classify(TEXTS)
    assert mirror.requests == []


def test_the_next_is_used_where_one_lacks_the_preset(places, web, preset):
    shutil.rmtree(preset)
    assert Tokenizer.from_preset(places)("film")
    assert "vocabulary.txt" not in asked(web)


def test_the_next_goes_on_where_one_fails_midway(places, web, mirror, monkeypatch):
    monkeypatch.setattr(retries, "PATIENCE", 0)
    files = open_preset(places)
    assert files.path("config.json").is_file()
    web.faults.extend(["503"] * 20)
    assert files.path("model.weights.h5").stat().st_size == files.size("model.weights.h5")
    assert "model.weights.h5" in asked(mirror)
    files.download(["task.weights.h5"])
    assert "task.weights.h5" in asked(mirror)


def test_a_mirror_with_other_content_is_not_used(places, web, mirror, monkeypatch):
    monkeypatch.setattr(retries, "PATIENCE", 0)
    TextClassifier.from_preset(places[1], num_classes=3).save_to_preset(mirror.folder / "other")
    files = open_preset([places[0], f"{mirror.url}/other"])
    files.path("task.json")
    web.faults.extend(["503"] * 20)
    with pytest.raises(StorageError, match=r"task\.json of .* differs from the place before"):
        files.path("task.weights.h5")


def test_the_next_is_used_where_one_answers_with_another_page(places, preset):
    (preset / "modelry.json").write_text("<html>Please log in</html>")
    assert Tokenizer.from_preset(places)("film")


def test_the_next_is_used_where_one_is_not_what_was_locked(places, preset, tmp_path):
    lock = tmp_path / "modelry.lock"
    assert CliRunner().invoke(app, ["lock", *places, "--file", str(lock)]).exit_code == 0
    (preset / "task.json").write_text("{}")
    (preset / "modelry.json").unlink()
    files = open_preset([str(preset), *places], OpenOptions(lock=lock))
    assert files.reference == places[1]


def test_what_is_unsafe_is_not_passed_over(places, preset):
    manifest = json.loads((preset / "modelry.json").read_text())
    manifest["files"]["../evil"] = manifest["files"]["config.json"]
    (preset / "modelry.json").write_text(json.dumps(manifest))
    with pytest.raises(UnsafePresetError, match=r"\.\./evil"):
        Tokenizer.from_preset(places)


def test_every_failure_is_told(places, preset, mirror):
    shutil.rmtree(preset)
    shutil.rmtree(mirror.folder / "sentiment")
    with pytest.raises(StorageError, match="None of the places") as raised:
        TextClassifier.from_preset(places)
    assert all(re.search(f"- .*{re.escape(place)}", str(raised.value)) for place in places)


def test_a_secret_is_shown_to_one_store_alone(places):
    with pytest.raises(InputError, match="token= belongs to one store"):
        Tokenizer.from_preset(places, token="hf_planted")


def test_an_empty_list_names_nothing():
    with pytest.raises(InputError, match="empty list"):
        TextClassifier.from_preset([])


def test_a_built_in_name_has_mirrors(places, preset, monkeypatch):
    builtin = BuiltinPreset("acme_reviews", places[0], architecture="bert", mirrors=(places[1],))
    monkeypatch.setattr(type(registry), "presets", lambda *_: {"acme_reviews": builtin})
    assert Tokenizer.from_preset("acme_reviews")("film")
    shutil.rmtree(preset)
    assert Tokenizer.from_preset("acme_reviews")("film")
