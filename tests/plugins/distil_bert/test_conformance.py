"""DistilBERT keeps the contracts of the kit."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from modelry.testing import BackboneContract, CheckpointContract, PreprocessorContract, TextClassifierContract
from modelry_distil_bert import (
    DistilBertBackbone,
    DistilBertTextClassifier,
    DistilBertTextClassifierPreprocessor,
    DistilBertTokenizer,
)

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "good", "bad", "un", "##like", "##ly", "."]


def create_backbone() -> DistilBertBackbone:
    keras.utils.set_random_seed(0)
    return DistilBertBackbone(
        vocabulary_size=len(VOCABULARY),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        dropout=0.2,
        max_sequence_length=32,
        activation="relu",
        layer_norm_epsilon=1e-3,
    )


def create_preprocessor() -> DistilBertTextClassifierPreprocessor:
    return DistilBertTextClassifierPreprocessor(DistilBertTokenizer(VOCABULARY), sequence_length=24)


class TestBackbone(BackboneContract):
    @pytest.fixture
    def backbone(self):
        return create_backbone()


class TestPreprocessor(PreprocessorContract):
    @pytest.fixture
    def preprocessor(self):
        return create_preprocessor()


class TestClassifier(TextClassifierContract):
    @pytest.fixture
    def task(self):
        return DistilBertTextClassifier(create_backbone(), 3, preprocessor=create_preprocessor())


class TestCheckpoint(CheckpointContract):
    @pytest.fixture
    def checkpoint(self):
        return Path(__file__).parents[2] / "fixtures" / "transformers" / "distilbert"

    @pytest.fixture
    def golden_logits(self, transformers_logits):
        return transformers_logits
