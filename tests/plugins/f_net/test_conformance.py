"""F-Net keeps the contracts of the kit."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import keras
import pytest

from modelry.testing import BackboneContract, CheckpointContract, TextClassifierContract
from modelry_f_net import FNetBackbone, FNetTextClassifier, FNetTextClassifierPreprocessor, FNetTokenizer

FIXTURES = Path(__file__).parents[2] / "fixtures"


def create_tokenizer() -> FNetTokenizer:
    return FNetTokenizer(FIXTURES / "keras_hub" / "f_net" / "assets" / "tokenizer" / "vocabulary.spm")


def create_backbone() -> FNetBackbone:
    keras.utils.set_random_seed(0)
    return FNetBackbone(
        vocabulary_size=create_tokenizer().vocabulary_size(),
        num_layers=1,
        hidden_dim=8,
        intermediate_dim=12,
        dropout=0.2,
        max_sequence_length=32,
        activation="relu",
        layer_norm_epsilon=1e-3,
        num_segments=3,
    )


class TestBackbone(BackboneContract):
    known_exceptions: ClassVar[dict[str, str]] = {
        "test_length_of_padding_does_not_matter": "a Fourier transform mixes padding into every token"
    }

    @pytest.fixture
    def backbone(self):
        return create_backbone()


class TestClassifier(TextClassifierContract):
    @pytest.fixture
    def task(self):
        preprocessor = FNetTextClassifierPreprocessor(create_tokenizer(), sequence_length=24)
        return FNetTextClassifier(create_backbone(), 3, preprocessor=preprocessor)


class TestCheckpoint(CheckpointContract):
    @pytest.fixture
    def checkpoint(self):
        return FIXTURES / "transformers" / "fnet"

    @pytest.fixture
    def golden_logits(self, transformers_logits):
        return transformers_logits
