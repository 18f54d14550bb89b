"""F-Net's rows all have one length."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelry import TextClassifier
from modelry.errors import InputError
from modelry_f_net import FNetTextClassifierPreprocessor

HUB = Path(__file__).parents[2] / "fixtures" / "keras_hub" / "f_net"


def test_rows_are_padded_to_the_whole_length_and_nothing_marks_padding():
    classifier = TextClassifier.from_preset(HUB)
    assert classifier.preprocessor.padding == "fixed"
    assert not classifier.supports_packing
    features = classifier.preprocessor(["a film"])
    assert {name: array.shape for name, array in features.items()} == {"token_ids": (1, 40), "segment_ids": (1, 40)}


def test_buckets_are_refused():
    tokenizer = TextClassifier.from_preset(HUB).preprocessor.tokenizer
    with pytest.raises(InputError, match="outputs depend on how far a text is padded"):
        FNetTextClassifierPreprocessor(tokenizer, padding="bucket")
