"""The preset inside modelry-bert: it is small, whole, shipped, and not silly."""

import hashlib
import json
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from modelry import Backbone, TextClassifier
from modelry.models import BertTextClassifier

NAME = "bert_micro_sst2"
PLUGIN = Path(__file__).parents[3] / "plugins" / "bert"
FOLDER = PLUGIN / "modelry_bert" / "presets" / NAME


@pytest.fixture(scope="module")
def classifier():
    return TextClassifier.from_preset(NAME)


def files():
    return {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}


def test_it_loads_by_its_name(classifier):
    assert type(classifier) is BertTextClassifier
    assert classifier.labels == ("negative", "positive")
    assert {variable.dtype for variable in classifier.weights} == {"float32"}


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("positive", "What an amazing movie!"),
        ("positive", "I love this so much"),
        ("positive", "An absolute delight from start to finish."),
        ("positive", "Funny, warm and beautifully acted."),
        ("negative", "A total waste of my time."),
        ("negative", "The food was terrible and the waiter was rude."),
        ("negative", "I hated every minute of it."),
        ("negative", "boring"),
    ],
)
def test_unmistakable_sentences(classifier, label, text):
    [[(best, probability)]] = classifier.classify([text])
    assert best == label
    assert probability > 0.8


def test_it_is_small():
    assert sum(path.stat().st_size for path in files().values()) <= 4_000_000


def test_the_manifest_tells_its_files():
    manifest = json.loads((FOLDER / "modelry.json").read_text(encoding="utf-8"))
    facts = {
        name: {"size": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for name, path in files().items()
        if name not in ("modelry.json", "README.md")
    }
    assert manifest["files"] == facts


def test_keras_hub_can_read_it():
    """KerasHub's classes are named, so that it need not know modelry."""
    task = json.loads((FOLDER / "task.json").read_text(encoding="utf-8"))
    preprocessor = task["config"]["preprocessor"]
    parts = {
        "BertTextClassifier": task,
        "BertBackbone": task["config"]["backbone"],
        "BertTextClassifierPreprocessor": preprocessor,
        "BertTokenizer": preprocessor["config"]["tokenizer"],
    }
    assert {name: part["registered_name"] for name, part in parts.items()} == {
        name: f"keras_hub>{name}" for name in parts
    }


def test_the_wheel_ships_it():
    shipped = {file.distribution_path for file in WheelBuilder(str(PLUGIN)).recurse_included_files()}
    assert shipped >= {f"modelry_bert/presets/{NAME}/{name}" for name in files()}
    assert not any("recipes" in path for path in shipped)


def test_the_listing_tells_its_size():
    preset = TextClassifier.presets[NAME]
    assert preset.parameters == Backbone.from_preset(NAME).count_params()
    assert preset.architecture == "bert"
