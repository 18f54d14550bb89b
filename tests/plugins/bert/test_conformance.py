"""BERT keeps every contract of the kit."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from modelry.models import BertBackbone, BertTextClassifier, BertTextClassifierPreprocessor, BertTokenizer
from modelry.testing import (
    BackboneContract,
    CheckpointContract,
    HeadContract,
    PreprocessorContract,
    TextClassifierContract,
    TokenizerContract,
)
from modelry_bert import BertClassificationHead

CHECKPOINT = Path(__file__).parents[2] / "fixtures" / "transformers" / "bert"
VOCABULARY = [*["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "good", "bad", "un", "##like", "##ly", "."]]


def create_backbone() -> BertBackbone:
    keras.utils.set_random_seed(0)
    return BertBackbone(
        vocabulary_size=len(VOCABULARY),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        dropout=0.2,
        max_sequence_length=32,
        num_segments=3,
        activation="relu",
        layer_norm_epsilon=1e-3,
    )


def create_preprocessor() -> BertTextClassifierPreprocessor:
    return BertTextClassifierPreprocessor(BertTokenizer(VOCABULARY), sequence_length=24, truncate="waterfall")


class TestBackbone(BackboneContract):
    @pytest.fixture
    def backbone(self):
        return create_backbone()


class TestTokenizer(TokenizerContract):
    @pytest.fixture
    def tokenizer(self):
        return BertTokenizer(VOCABULARY, lowercase=True)

    @pytest.fixture
    def golden(self):
        return {"A good film.": [5, 7, 6, 12], "unlikely": [9, 10, 11], "à great film": [1, 1, 6], "": []}


class TestPreprocessor(PreprocessorContract):
    @pytest.fixture
    def preprocessor(self):
        return create_preprocessor()


class TestHead(HeadContract):
    @pytest.fixture
    def head(self):
        return BertClassificationHead(3)


class TestClassifier(TextClassifierContract):
    @pytest.fixture
    def task(self):
        return BertTextClassifier(create_backbone(), 3, preprocessor=create_preprocessor())


class TestCheckpoint(CheckpointContract):
    @pytest.fixture
    def checkpoint(self):
        return CHECKPOINT

    @pytest.fixture
    def golden_logits(self, transformers_logits):
        return transformers_logits
