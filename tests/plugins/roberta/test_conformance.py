"""RoBERTa keeps every contract of the kit; XLM-RoBERTa those that it might break alone."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from modelry import Tokenizer
from modelry.testing import (
    BackboneContract,
    CheckpointContract,
    PreprocessorContract,
    TextClassifierContract,
    TokenizerContract,
)
from modelry_roberta import (
    RobertaBackbone,
    RobertaTextClassifier,
    RobertaTextClassifierPreprocessor,
    RobertaTokenizer,
)

FIXTURES = Path(__file__).parents[2] / "fixtures"
VOCABULARY = ["<s>", "<pad>", "</s>", "<mask>", "a", "Ġ", "f", "i", "l", "m", "Ġf", "il", "ilm", "Ġfilm", "Ã", "©"]
MERGES = ["Ġ f", "i l", "il m", "Ġf ilm"]


def create_tokenizer() -> RobertaTokenizer:
    return RobertaTokenizer(VOCABULARY, MERGES)


def create_backbone() -> RobertaBackbone:
    keras.utils.set_random_seed(0)
    return RobertaBackbone(
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


def create_preprocessor() -> RobertaTextClassifierPreprocessor:
    return RobertaTextClassifierPreprocessor(create_tokenizer(), sequence_length=24, truncate="waterfall")


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
        return {"a film": [4, 13], "film": [6, 12], "ail film": [4, 11, 13], "a é": [4, 5, 14, 15], "": []}


class TestXLMTokenizer(TokenizerContract):
    @pytest.fixture
    def tokenizer(self):
        return Tokenizer.from_preset(FIXTURES / "keras_hub" / "xlm_roberta")

    @pytest.fixture
    def golden(self):
        return {"it 's not bad": [40, 27, 5, 117, 229], "x": [4, 134], "café": [109, 44, 3], "": []}


class TestPreprocessor(PreprocessorContract):
    @pytest.fixture
    def preprocessor(self):
        return create_preprocessor()


class TestClassifier(TextClassifierContract):
    @pytest.fixture
    def task(self):
        return RobertaTextClassifier(create_backbone(), 3, preprocessor=create_preprocessor())


class TestCheckpoint(CheckpointContract):
    @pytest.fixture
    def checkpoint(self):
        return FIXTURES / "transformers" / "roberta"

    @pytest.fixture
    def golden_logits(self, transformers_logits):
        return transformers_logits
