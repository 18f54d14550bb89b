"""ModernBERT keeps every contract of the kit."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from modelry.testing import (
    BackboneContract,
    CheckpointContract,
    PreprocessorContract,
    TextClassifierContract,
    TokenizerContract,
)
from modelry_modernbert import (
    ModernBertBackbone,
    ModernBertTextClassifier,
    ModernBertTextClassifierPreprocessor,
    ModernBertTokenizer,
)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = [*SPECIAL, "a", "Ġ", "f", "i", "l", "m", "Ġf", "il", "ilm", "Ġfilm", "Ã", "©"]
MERGES = ["Ġ f", "i l", "il m", "Ġf ilm"]


def create_backbone() -> ModernBertBackbone:
    keras.utils.set_random_seed(0)
    return ModernBertBackbone(
        vocabulary_size=len(VOCABULARY),
        num_layers=3,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        dropout=0.2,
        attention_dropout=0.1,
        embedding_dropout=0.1,
        max_sequence_length=32,
        global_every=2,
        local_window=4,
        global_wavelength=100.0,
        local_wavelength=50.0,
        activation="relu",
        layer_norm_epsilon=1e-3,
        attention_bias=True,
        feedforward_bias=True,
    )


def create_preprocessor() -> ModernBertTextClassifierPreprocessor:
    return ModernBertTextClassifierPreprocessor(create_tokenizer(), sequence_length=24, truncate="waterfall")


def create_tokenizer() -> ModernBertTokenizer:
    return ModernBertTokenizer(VOCABULARY, MERGES)


class TestBackbone(BackboneContract):
    @pytest.fixture
    def backbone(self):
        return create_backbone()


class TestTokenizer(TokenizerContract):
    @pytest.fixture
    def tokenizer(self):
        return create_tokenizer()

    @pytest.fixture
    def golden(self):
        return {"a film": [5, 14], "film": [7, 13], "ail film": [5, 12, 14], "a é": [5, 6, 15, 16], "": []}


class TestPreprocessor(PreprocessorContract):
    @pytest.fixture
    def preprocessor(self):
        return create_preprocessor()


class TestClassifier(TextClassifierContract):
    @pytest.fixture
    def task(self):
        return ModernBertTextClassifier(create_backbone(), 3, preprocessor=create_preprocessor())


class TestCheckpoint(CheckpointContract):
    @pytest.fixture
    def checkpoint(self):
        return Path(__file__).parents[2] / "fixtures" / "transformers" / "modernbert"

    @pytest.fixture
    def golden_logits(self, transformers_logits):
        return transformers_logits
