"""What is ALBERT's own: groups of layers, and segments that depend on who wrote a checkpoint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from modelry import Preprocessor
from modelry.errors import InputError
from modelry_albert import AlbertBackbone, AlbertTextClassifierPreprocessor

HUB = Path(__file__).parents[2] / "fixtures" / "keras_hub" / "albert"


def test_layers_of_a_group_are_run_through_again_and_again():
    backbone = AlbertBackbone(10, 6, 1, 4, 4, 4, num_groups=2, num_inner_repetitions=2)
    assert [len(group) for group in backbone.groups()] == [2, 2]
    runs = [len(layer._inbound_nodes) for group in backbone.groups() for layer in group]
    assert runs == [3, 3, 3, 3]


def test_groups_must_be_equal_and_have_layers():
    for num_groups in (0, 2):
        with pytest.raises(InputError, match=f"num_layers=3 cannot be split into num_groups={num_groups}"):
            AlbertBackbone(10, 3, 1, 4, 4, 4, num_groups=num_groups)
    with pytest.raises(InputError, match="num_inner_repetitions must be at least 1"):
        AlbertBackbone(10, 3, 1, 4, 4, 4, num_inner_repetitions=0)


@pytest.mark.parametrize(("num_layers", "num_inner_repetitions"), [(10**9, 1), (3, 1000)])
def test_layers_without_end_are_refused_although_they_share_their_weights(num_layers, num_inner_repetitions):
    with pytest.raises(InputError, match="more than the 1,000 layers that can be run through"):
        AlbertBackbone(10, num_layers, 1, 4, 4, 4, num_inner_repetitions=num_inner_repetitions)


@pytest.mark.parametrize(
    ("settings", "segment"),
    [
        ({}, 0),  # written by transformers 5, whose tokenizer tells no segments
        ({"model_input_names": ["input_ids", "token_type_ids"]}, 1),
        ({"backend": None}, 1),  # transformers 4
    ],
)
def test_segments_are_those_of_the_library_that_trained_the_checkpoint(copy_of, edit, settings, segment):
    preset = copy_of("transformers/albert")

    def change(values):
        values.update(settings)
        if values["backend"] is None:
            del values["backend"]

    edit(preset / "tokenizer_config.json", change)
    features = Preprocessor.from_preset(preset)((["a film"], ["a text"]))
    assert np.max(features["segment_ids"]) == segment


@pytest.mark.parametrize("second_segment", [True, False])
def test_segments_are_written_for_transformers(tmp_path, second_segment):
    tokenizer = Preprocessor.from_preset(HUB).tokenizer
    AlbertTextClassifierPreprocessor(tokenizer, second_segment=second_segment).save_for_transformers(tmp_path)
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    assert ("token_type_ids" in settings["model_input_names"]) == second_segment


def test_keras_hub_knows_no_pairs_of_one_segment():
    tokenizer = Preprocessor.from_preset(HUB).tokenizer
    assert AlbertTextClassifierPreprocessor(tokenizer).keras_hub_config() is not None
    assert AlbertTextClassifierPreprocessor(tokenizer, second_segment=False).keras_hub_config() is None


def test_a_model_of_sentence_piece_alone(copy_of, edit):
    preset = copy_of("transformers/albert")
    (preset / "tokenizer.json").unlink()
    shutil.copy(HUB / "assets" / "tokenizer" / "vocabulary.spm", preset / "spiece.model")
    text = "Café NAÏVE ``q''"
    assert Preprocessor.from_preset(preset).tokenizer(text) == [110, 45, 8, 84, 13, 98, 5, 1, 253, 1]  # as transformers
    edit(preset / "tokenizer_config.json", lambda values: values.update(do_lower_case=False, keep_accents=True))
    assert Preprocessor.from_preset(preset).tokenizer(text)[0] != 110
