"""ALBERT keeps the contracts of the kit."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from modelry.testing import BackboneContract, CheckpointContract, TextClassifierContract
from modelry_albert import AlbertBackbone, AlbertTextClassifier, AlbertTextClassifierPreprocessor, AlbertTokenizer

FIXTURES = Path(__file__).parents[2] / "fixtures"


def create_tokenizer() -> AlbertTokenizer:
    return AlbertTokenizer(FIXTURES / "keras_hub" / "albert" / "assets" / "tokenizer" / "vocabulary.spm")


def create_backbone() -> AlbertBackbone:
    keras.utils.set_random_seed(0)
    return AlbertBackbone(
        vocabulary_size=create_tokenizer().vocabulary_size(),
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=12,
        dropout=0.1,
        max_sequence_length=32,
        activation="relu",
        layer_norm_epsilon=1e-3,
        embedding_dim=6,
        num_groups=2,
        num_segments=3,
    )


class TestBackbone(BackboneContract):
    @pytest.fixture
    def backbone(self):
        return create_backbone()


class TestClassifier(TextClassifierContract):
    @pytest.fixture
    def task(self):
        preprocessor = AlbertTextClassifierPreprocessor(create_tokenizer(), sequence_length=24)
        return AlbertTextClassifier(create_backbone(), 3, preprocessor=preprocessor)


class TestCheckpoint(CheckpointContract):
    @pytest.fixture
    def checkpoint(self):
        return FIXTURES / "transformers" / "albert"

    @pytest.fixture
    def golden_logits(self, transformers_logits):
        return transformers_logits
