import json

import numpy as np
import pytest

from modelry import TextClassifier
from modelry.errors import InputError, SaveError
from modelry.testing import check_packing
from modelry_esm import ESMBackbone, ESMProteinClassifierPreprocessor, ESMTokenizer

SIZES = {"vocabulary_size": 9, "num_layers": 1, "num_heads": 1, "hidden_dim": 4, "intermediate_dim": 4}
VOCABULARY = ["<cls>", "<pad>", "<eos>", "<unk>", "M", "K", "T", "A", "<mask>"]


def test_hidden_tokens_scale_what_is_left(copy_of, edit):
    preset = copy_of("transformers/esm")
    before = TextClassifier.from_preset(preset).predict(["MKT", "M<mask>T"], verbose=0)
    edit(preset / "config.json", lambda values: values.update(token_dropout=False))
    after = TextClassifier.from_preset(preset).predict(["MKT", "M<mask>T"], verbose=0)
    assert (np.abs(after - before).max(axis=1) > 1e-3).all()


def test_keras_hub_finds_no_tokens_and_scales_nothing():
    assert ESMTokenizer(VOCABULARY)("MKT") == [3]
    assert ESMTokenizer(VOCABULARY)("M K T") == ESMTokenizer(VOCABULARY, find_tokens=True)("MKT") == [4, 5, 6]
    assert "find_tokens" not in ESMTokenizer(VOCABULARY).keras_hub_config()
    assert ESMTokenizer(VOCABULARY, find_tokens=True).keras_hub_config() is None
    assert "dropped_token_id" not in ESMBackbone(**SIZES).keras_hub_config()
    assert ESMBackbone(**SIZES, dropped_token_id=8).keras_hub_config() is None


def test_an_empty_token_is_found_nowhere():
    assert ESMTokenizer([*VOCABULARY, ""], find_tokens=True)("MKT A") == [4, 5, 6, 7]


def test_a_tokenizer_that_splits_words_is_not_written_for_transformers(copy_of, tmp_path):
    classifier = TextClassifier.from_preset(copy_of("keras_hub/esm"), dropout=0.1)
    with pytest.raises(SaveError, match="find_tokens=True"):
        classifier.save_to_preset(tmp_path / "saved", format="transformers")


@pytest.mark.parametrize("kind", ["rotary", "absolute"])
def test_only_absolute_positions_are_counted_from_the_token_that_pads(tmp_path, kind):
    preprocessor = ESMProteinClassifierPreprocessor(ESMTokenizer(VOCABULARY, find_tokens=True), sequence_length=16)
    backbone = ESMBackbone(**SIZES, pad_token_id=3, position_embedding_type=kind)
    if kind == "absolute":
        with pytest.raises(SaveError, match=r"pads with the token 1, and .* by its padding, which is 3"):
            backbone.save_to_preset(tmp_path / "written", format="transformers", preprocessor=preprocessor)
    else:
        backbone.save_to_preset(tmp_path / "written", format="transformers", preprocessor=preprocessor)
        assert json.loads((tmp_path / "written" / "config.json").read_text("utf-8"))["pad_token_id"] == 1


def test_absolute_positions_start_anew_with_each_text():
    options = {"position_embedding_type": "absolute", "use_pre_layer_norm": True, "use_bias": False}
    backbone = ESMBackbone(**SIZES, **options, pad_token_id=1, dropped_token_id=8)
    texts = [{"token_ids": ids, "padding_mask": [1] * len(ids)} for ids in ([4, 8, 5], [8], [6, 7, 8, 8, 4])]
    check_packing(backbone, texts, atol=1e-5)


def test_an_unknown_kind_of_positions():
    with pytest.raises(InputError, match="position_embedding_type"):
        ESMBackbone(**SIZES, position_embedding_type="relative")
