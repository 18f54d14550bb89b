"""What RoBERTa's checkpoints hold beside what the model has."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from modelry import TextClassifier
from modelry.errors import WeightsError

SEGMENTS = "roberta.embeddings.token_type_embeddings.weight"
TEXTS = ["a gripping , funny film .", "dull"]


def _with_segments(preset, edit, rows):
    tensors = load_file(preset / "model.safetensors")
    tensors[SEGMENTS] = rows(tensors[SEGMENTS])
    save_file(tensors, preset / "model.safetensors", metadata={"format": "pt"})
    edit(preset / "config.json", lambda values: values.update(type_vocab_size=len(tensors[SEGMENTS])))


def test_of_several_segments_the_first_is_every_tokens(copy_of, edit, tmp_path):
    preset = copy_of("transformers/roberta")
    before = TextClassifier.from_preset(preset).predict(TEXTS, verbose=0)
    _with_segments(preset, edit, lambda rows: np.concatenate([rows, np.full_like(rows, 7.0)]))
    classifier = TextClassifier.from_preset(preset)
    np.testing.assert_allclose(classifier.predict(TEXTS, verbose=0), before, atol=1e-6)
    classifier.save_to_preset(tmp_path / "written", format="transformers")
    assert load_file(tmp_path / "written" / "model.safetensors")[SEGMENTS].shape == (1, 32)
    np.testing.assert_allclose(
        TextClassifier.from_preset(tmp_path / "written").predict(TEXTS, verbose=0), before, atol=1e-6
    )


@pytest.mark.parametrize("rows", [lambda rows: rows[:0], lambda rows: rows[:, :7], lambda rows: rows[0]])
def test_segments_of_another_size_are_refused(copy_of, edit, rows):
    preset = copy_of("transformers/roberta")
    _with_segments(preset, edit, rows)
    with pytest.raises(WeightsError, match="token_type_embeddings"):
        TextClassifier.from_preset(preset)
