"""A preprocessor or a tokenizer that is put into a preset."""

from __future__ import annotations

import json

import numpy as np
import pytest

from modelry import Backbone, Preprocessor, TextClassifier, Tokenizer, upload_preset
from modelry.errors import InputError, PresetNotFound, SaveError
from modelry.models import BertTextClassifierPreprocessor, BertTokenizer
from modelry.presets.manifest import NAME
from modelry.presets.read import read_recipe
from modelry.presets.verify import passes, verify
from modelry.storage.files import FolderFiles
from modelry.weights.save import values

from .conftest import BERT, TEXTS, VOCABULARY

OTHER = [*VOCABULARY[:5], *reversed(VOCABULARY[5:])]


@pytest.fixture
def preset(make, tmp_path):
    make(labels=["bad", "good"]).save_to_preset(tmp_path / "p")
    (tmp_path / "p" / "README.md").write_text("mine")
    return tmp_path / "p"


def other(**options):
    return BertTextClassifierPreprocessor(BertTokenizer(OTHER), **options)


def is_whole(folder):
    return passes(list(verify(FolderFiles(folder, "it")))) and (folder / "README.md").read_text() == "mine"


@pytest.mark.parametrize("part", [lambda: other(sequence_length=9), lambda: other().tokenizer])
def test_into_a_backbone_s_preset_as_kerashub_s_code_does_it(make, tmp_path, part):
    classifier = make()
    classifier.backbone.save_to_preset(tmp_path / "p")
    with pytest.raises(PresetNotFound, match="no tokenizer"):
        Tokenizer.from_preset(tmp_path / "p")
    part().save_to_preset(str(tmp_path / "p"))
    assert Tokenizer.from_preset(tmp_path / "p").get_vocabulary() == OTHER
    np.testing.assert_array_equal(
        Preprocessor.from_preset(tmp_path / "p", sequence_length=9)(TEXTS)["token_ids"],
        other(sequence_length=9)(TEXTS)["token_ids"],
    )
    backbone = Backbone.from_preset(tmp_path / "p")
    for one, two in zip(backbone.weights, classifier.backbone.weights, strict=True):
        np.testing.assert_array_equal(values(one), values(two))
    assert set(json.loads((tmp_path / "p" / NAME).read_text())["components"]) >= {"backbones", "tokenizers"}


def test_into_a_task_s_preset(preset, make):
    before = json.loads((preset / NAME).read_text())
    other(sequence_length=9).save_to_preset(preset)
    again = TextClassifier.from_preset(preset)
    assert (again.preprocessor.sequence_length, again.labels) == (9, ("bad", "good"))
    assert again.preprocessor.tokenizer.get_vocabulary() == OTHER
    after = json.loads((preset / NAME).read_text())
    assert {**after, "files": None} == {**before, "files": None}
    assert is_whole(preset)
    BertTokenizer(VOCABULARY, lowercase=True).save_to_preset(preset)
    again = TextClassifier.from_preset(preset)
    assert again.preprocessor.sequence_length == 9
    assert again.preprocessor.tokenizer.lowercase
    assert again.preprocessor.tokenizer.get_vocabulary() == VOCABULARY
    assert is_whole(preset)


def test_into_a_preset_of_kerashub_s(copy_of):
    preset = copy_of("keras_hub/bert")
    tokenizer = Tokenizer.from_preset(BERT, lowercase=False)
    tokenizer.save_to_preset(preset)
    assert read_recipe(preset).format == "keras_hub"
    again = TextClassifier.from_preset(preset)
    assert again.preprocessor.tokenizer.lowercase is False
    assert again.preprocessor.sequence_length == TextClassifier.from_preset(BERT).preprocessor.sequence_length


def test_where_there_is_no_place_for_it(tmp_path, copy_of, preset, memory):
    with pytest.raises(SaveError, match=r"no preset in .*Save the backbone or the task there first"):
        other().save_to_preset(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    with pytest.raises(SaveError, match="not in KerasHub's layout"):
        other().save_to_preset(copy_of("transformers/bert"))
    for wrong in ("memory://bucket/p", 3):
        with pytest.raises(InputError, match="upload_preset"):
            other().tokenizer.save_to_preset(wrong)
    other().save_to_preset(preset)
    upload_preset("memory://bucket/p", preset)
    assert Tokenizer.from_preset("memory://bucket/p").get_vocabulary() == OTHER


def test_what_fails_leaves_the_preset_as_it_was(preset, monkeypatch):
    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(BertTokenizer, "save_assets", fail)
    with pytest.raises(SaveError, match="the disk is full"):
        other().save_to_preset(preset)
    assert is_whole(preset)
    assert Tokenizer.from_preset(preset).get_vocabulary() == VOCABULARY
    assert [path.name for path in preset.parent.iterdir()] == ["p"]
