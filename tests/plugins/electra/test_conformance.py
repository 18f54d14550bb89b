"""ELECTRA keeps the contracts of the kit; its tokenizer and preprocessor have nothing of their own."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from modelry.testing import BackboneContract, CheckpointContract, TextClassifierContract
from modelry_electra import (
    ElectraBackbone,
    ElectraTextClassifier,
    ElectraTextClassifierPreprocessor,
    ElectraTokenizer,
)

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "good", "bad", "un", "##like", "##ly", "."]


def create_backbone() -> ElectraBackbone:
    keras.utils.set_random_seed(0)
    return ElectraBackbone(
        vocab_size=len(VOCABULARY),
        num_layers=1,
        num_heads=2,
        hidden_dim=32,
        embedding_dim=6,
        intermediate_dim=12,
        dropout=0.2,
        max_sequence_length=32,
        num_segments=3,
        activation="relu",
        layer_norm_epsilon=1e-3,
    )


class TestBackbone(BackboneContract):
    @pytest.fixture
    def backbone(self):
        return create_backbone()


class TestClassifier(TextClassifierContract):
    @pytest.fixture
    def task(self):
        preprocessor = ElectraTextClassifierPreprocessor(ElectraTokenizer(VOCABULARY), sequence_length=24)
        return ElectraTextClassifier(create_backbone(), 3, preprocessor=preprocessor)


class TestCheckpoint(CheckpointContract):
    @pytest.fixture
    def checkpoint(self):
        return Path(__file__).parents[2] / "fixtures" / "transformers" / "electra"

    @pytest.fixture
    def golden_logits(self, transformers_logits):
        return transformers_logits
