"""What a transformers checkpoint says of its tokenizer, and who is told of it."""

import json

import pytest

from modelry import Backbone, Preprocessor, TextClassifier
from modelry.data import DataSpec, Targets, TextReader, as_batch
from modelry.errors import PresetFormatError
from modelry.presets.read import read_recipe


def _damaged(preset):
    (preset / "tokenizer.json").write_text("{", "utf-8")


def _of_another_kind(preset):
    values = json.loads((preset / "tokenizer.json").read_text("utf-8"))
    (preset / "tokenizer.json").write_text(json.dumps({**values, "model": {"type": "Unigram"}}), "utf-8")


def _with_bad_settings(preset):
    (preset / "tokenizer_config.json").write_text('{"model_max_length": "long"}', "utf-8")


@pytest.mark.parametrize("damage", [_damaged, _of_another_kind, _with_bad_settings])
def test_a_bad_tokenizer_troubles_only_who_asks_for_it(copy_of, damage):
    preset = copy_of("transformers/bert")
    own = Preprocessor.from_preset(preset)
    damage(preset)
    texts = ["a gripping , funny film ."]
    assert Backbone.from_preset(preset).count_params() > 0
    assert TextClassifier.from_preset(preset, preprocessor=None).preprocessor is None
    assert TextClassifier.from_preset(preset, preprocessor=own).predict(texts, verbose=0).shape == (1, 5)
    for load in (TextClassifier, Preprocessor):
        with pytest.raises(PresetFormatError, match="tokenizer"):
            load.from_preset(preset)


def test_the_tokenizer_is_not_even_opened_before_it_is_needed(copy_of, monkeypatch):
    from modelry_bert.transformers import BertCheckpoint

    asked = []
    real = BertCheckpoint.tokenizer_config
    monkeypatch.setattr(BertCheckpoint, "tokenizer_config", lambda self, files: asked.append(1) or real(self, files))
    recipe = read_recipe(copy_of("transformers/bert"))
    assert asked == []
    inputs = recipe.inputs()
    assert (inputs.tokenizer.name, inputs.settings["sequence_length"]) == ("modelry-bert:bert", 64)
    assert recipe.inputs() is inputs
    assert asked == [1]


@pytest.mark.parametrize(
    ("stated", "positions", "expected"),
    [
        (8192, 8192, 8192),
        (8192, 1024, 1024),
        (300, 8192, 300),
        (2048.0, 8192, 2048),
        (None, 8192, 512),
        (10**30, 8192, 512),
        (1e30, 64, 64),
    ],
)
def test_texts_are_cut_where_transformers_cuts_them(copy_of, edit, stated, positions, expected):
    preset = copy_of("transformers/modernbert")
    edit(preset / "config.json", lambda values: values.update(max_position_embeddings=positions))
    edit(preset / "tokenizer_config.json", lambda values: values.update(model_max_length=stated))
    assert read_recipe(preset).inputs().settings["sequence_length"] == expected
    assert Preprocessor.from_preset(preset, sequence_length=100).sequence_length == 100


def test_a_long_text_is_read_to_its_end_and_a_short_one_is_padded_no_further_than_before(copy_of, edit):
    preset = copy_of("transformers/modernbert")
    edit(preset / "config.json", lambda values: values.update(max_position_embeddings=8192))
    edit(preset / "tokenizer_config.json", lambda values: values.update(model_max_length=8192))
    preprocessor = Preprocessor.from_preset(preset)
    assert preprocessor.tokenize((["a film " * 700],)).lengths[0] > 1000
    spec = DataSpec(preprocessor, Targets(), TextReader())
    assert as_batch(["a film"], None, None, spec, predicting=True)[0]["token_ids"].shape == (1, 16)
