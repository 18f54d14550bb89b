"""Presets that modelry 0.1 wrote, with manifests of version 1: they load for good, and compute what they computed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from modelry import Backbone, Task, TextClassifier
from modelry.errors import PresetError
from modelry.presets.read import read_recipe

FIXTURES = Path(__file__).parents[1] / "fixtures" / "modelry_0_1"
GOLDEN = json.loads((FIXTURES / "golden.json").read_text("utf-8"))
TEXTS = GOLDEN["texts"]
CLASSIFIERS = [name for name in GOLDEN if name not in ("texts", "backbone")]
FOLDERS = sorted(path.name for path in FIXTURES.iterdir() if (path / "config.json").exists())


def load(cls, name, **overrides):
    """Load a preset; the adapter's base is in another place now than it was."""
    if name == "adapter":
        overrides["base"] = FIXTURES / "classifier"
    return cls.from_preset(FIXTURES / name if name in FOLDERS else name, **overrides)


def test_the_manifests_are_of_version_1():
    manifests = [json.loads((FIXTURES / name / "modelry.json").read_text("utf-8")) for name in FOLDERS]
    assert [manifest["format_version"] for manifest in manifests] == [1] * 7
    assert {"task"} & set().union(*manifests) == set()


@pytest.mark.parametrize("cls", [TextClassifier, Task])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_scores_are_those_of_modelry_0_1(name, cls):
    expected = GOLDEN[name]
    classifier = load(cls, name)
    assert type(classifier).__name__ == expected["class"]
    assert type(classifier.head).__name__ == expected["head"]
    assert classifier.problem_type == expected["problem_type"]
    assert classifier.labels == (expected["labels"] and tuple(expected["labels"]))
    assert classifier.preprocessor.sequence_length == expected["sequence_length"]
    np.testing.assert_allclose(classifier.predict(TEXTS, verbose=0), expected["scores"], rtol=0, atol=1e-5)


def test_a_backbone():
    inputs = {"token_ids": [[2, 5, 7, 3]], "padding_mask": [[1, 1, 1, 1]], "segment_ids": [[0, 0, 0, 0]]}
    arrays = {name: keras.ops.convert_to_tensor(value) for name, value in inputs.items()}
    outputs = Backbone.from_preset(FIXTURES / "backbone")(arrays)["sequence_output"]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(outputs), GOLDEN["backbone"], rtol=0, atol=1e-5)
    with pytest.raises(PresetError, match="holds no task"):
        Task.from_preset(FIXTURES / "backbone")


@pytest.mark.parametrize("name", ["classifier", "custom_head", "regression", "multi_label", "int8"])
def test_a_preset_saved_again_is_of_version_2_and_computes_the_same(tmp_path, name):
    shutil.copytree(FIXTURES / name, tmp_path / "p")
    load(TextClassifier, name).save_to_preset(tmp_path / "p")
    manifest = json.loads((tmp_path / "p" / "modelry.json").read_text("utf-8"))
    facts = manifest["task"].pop("facts")
    assert (manifest["format_version"], manifest["task"]) == (2, {"name": "modelry:text_classifier"})
    assert facts == {key: GOLDEN[name][key] for key in ("labels", "problem_type")}
    again = Task.from_preset(tmp_path / "p")
    np.testing.assert_allclose(again.predict(TEXTS, verbose=0), GOLDEN[name]["scores"], rtol=0, atol=1e-5)


def test_an_adapter_saved_again_is_of_version_2_and_computes_the_same(tmp_path):
    load(TextClassifier, "adapter").save_adapter(tmp_path / "p")
    manifest = json.loads((tmp_path / "p" / "modelry.json").read_text("utf-8"))
    assert (manifest["format_version"], manifest["task"]["name"]) == (2, "modelry:text_classifier")
    again = Task.from_preset(tmp_path / "p")
    np.testing.assert_allclose(again.predict(TEXTS, verbose=0), GOLDEN["adapter"]["scores"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", FOLDERS)
def test_files_are_those_of_the_manifest(name):
    listed = json.loads((FIXTURES / name / "modelry.json").read_text("utf-8"))["files"]
    assert {key: os.stat(FIXTURES / name / key).st_size for key in listed} == {
        key: one["size"] for key, one in listed.items()
    }
    recipe = read_recipe(FIXTURES / name, base=FIXTURES / "classifier" if name == "adapter" else None)
    assert (recipe.task is None) == (name == "backbone")
