"""DeBERTa-v3's checkpoints, and those of other versions that look like it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modelry import Preprocessor, TextClassifier
from modelry.errors import PresetFormatError, SaveError
from modelry_deberta_v3 import DebertaV3Backbone

HUB = Path(__file__).parents[2] / "fixtures" / "keras_hub" / "deberta_v3"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("position_biased_input", True),
        ("pos_att_type", ["c2p"]),
        ("share_att_key", None),  # which transformers takes for False
        ("norm_rel_ebd", "none"),
        ("conv_kernel_size", 3),
        ("type_vocab_size", 2),
        ("embedding_size", 16),
        ("max_relative_positions", 32),
    ],
)
def test_other_versions_are_refused(copy_of, edit, key, value):
    preset = copy_of("transformers/deberta-v2")
    edit(preset / "config.json", lambda values: values.pop(key) if value is None else values.update({key: value}))
    with pytest.raises(PresetFormatError, match=key):
        TextClassifier.from_preset(preset)


def test_version_2_without_buckets_is_refused(copy_of, edit):
    preset = copy_of("transformers/deberta-v2")
    edit(preset / "config.json", lambda values: values.update(position_buckets=-1))
    with pytest.raises(PresetFormatError, match="position_buckets"):
        DebertaV3Backbone.from_preset(preset)


def test_kinds_of_attention_may_be_one_word(copy_of, edit):
    preset = copy_of("transformers/deberta-v2")
    edit(preset / "config.json", lambda values: values.update(pos_att_type="p2c|c2p"))
    assert DebertaV3Backbone.from_preset(preset, load_weights=False).bucket_size == 8


def test_a_model_of_sentence_piece_alone(copy_of):
    preset = copy_of("transformers/deberta-v2")
    (preset / "tokenizer.json").unlink()
    shutil.copy(HUB / "assets" / "tokenizer" / "vocabulary.spm", preset / "spm.model")
    tokenizer = Preprocessor.from_preset(preset).tokenizer
    assert tokenizer("[MASK] x [SEP]y") == [300, 4, 134, 2, 4, 18]  # as transformers 5.23
    assert tokenizer("  two  spaces\tand\nnew ") == [270, 152, 12, 81, 5, 20, 243]


def test_a_head_of_another_width_is_not_written(tmp_path):
    classifier = TextClassifier.from_preset(HUB, num_classes=2, hidden_dim=8)
    with pytest.raises(SaveError, match="hidden layer of size 8"):
        classifier.save_to_preset(tmp_path / "preset", format="transformers")
