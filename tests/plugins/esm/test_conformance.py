"""ESM keeps every contract of the kit."""

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
from modelry_esm import ESMBackbone, ESMProteinClassifier, ESMProteinClassifierPreprocessor, ESMTokenizer

VOCABULARY = ["<cls>", "<pad>", "<eos>", "<unk>", "M", "K", "T", "A", "<mask>"]


def create_backbone() -> ESMBackbone:
    keras.utils.set_random_seed(0)
    return ESMBackbone(
        vocabulary_size=len(VOCABULARY),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        activation="relu",
        dropout=0.2,
        max_sequence_length=33,
        max_wavelength=100.0,
        layer_norm_eps=1e-3,
        pad_token_id=1,
        dropped_token_id=8,
    )


def create_preprocessor() -> ESMProteinClassifierPreprocessor:
    return ESMProteinClassifierPreprocessor(create_tokenizer(), sequence_length=24, truncate="waterfall")


def create_tokenizer() -> ESMTokenizer:
    return ESMTokenizer(VOCABULARY, find_tokens=True)


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
        return {"MKT": [4, 5, 6], "M K": [4, 5], "mMxxK": [3, 4, 3, 5], "A<mask>": [7, 8], "MÉ": [4, 3], "": []}


class TestPreprocessor(PreprocessorContract):
    @pytest.fixture
    def preprocessor(self):
        return create_preprocessor()


class TestClassifier(TextClassifierContract):
    @pytest.fixture
    def task(self):
        return ESMProteinClassifier(create_backbone(), 3, preprocessor=create_preprocessor())


class TestCheckpoint(CheckpointContract):
    @pytest.fixture
    def checkpoint(self):
        return Path(__file__).parents[2] / "fixtures" / "transformers" / "esm"

    @pytest.fixture
    def golden_logits(self, transformers_logits):
        return transformers_logits
