"""DeBERTa-v3 keeps the contracts of the kit."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from modelry.testing import BackboneContract, CheckpointContract, TextClassifierContract
from modelry_deberta_v3 import (
    DebertaV3Backbone,
    DebertaV3TextClassifier,
    DebertaV3TextClassifierPreprocessor,
    DebertaV3Tokenizer,
)

FIXTURES = Path(__file__).parents[2] / "fixtures"


def create_tokenizer() -> DebertaV3Tokenizer:
    return DebertaV3Tokenizer(FIXTURES / "keras_hub" / "deberta_v3" / "assets" / "tokenizer" / "vocabulary.spm")


def create_backbone() -> DebertaV3Backbone:
    keras.utils.set_random_seed(0)
    return DebertaV3Backbone(
        vocabulary_size=create_tokenizer().vocabulary_size(),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        dropout=0.2,
        max_sequence_length=32,
        activation="relu",
        layer_norm_epsilon=1e-3,
        bucket_size=8,
    )


class TestBackbone(BackboneContract):
    @pytest.fixture
    def backbone(self):
        return create_backbone()


class TestClassifier(TextClassifierContract):
    @pytest.fixture
    def task(self):
        preprocessor = DebertaV3TextClassifierPreprocessor(create_tokenizer(), sequence_length=24)
        return DebertaV3TextClassifier(create_backbone(), 3, preprocessor=preprocessor)


class TestCheckpoint(CheckpointContract):
    @pytest.fixture
    def checkpoint(self):
        return FIXTURES / "transformers" / "deberta-v2"

    @pytest.fixture
    def golden_logits(self, transformers_logits):
        return transformers_logits
