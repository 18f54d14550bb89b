"""RoFormer-V2 keeps every contract of the kit."""

from __future__ import annotations

import keras
import pytest

from modelry.testing import BackboneContract, PreprocessorContract, TextClassifierContract
from modelry_roformer_v2 import (
    RoformerV2Backbone,
    RoformerV2TextClassifier,
    RoformerV2TextClassifierPreprocessor,
    RoformerV2Tokenizer,
)

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "good", "bad", "un", "##like", "##ly", "."]


def create_backbone() -> RoformerV2Backbone:
    keras.utils.set_random_seed(0)
    return RoformerV2Backbone(
        vocabulary_size=len(VOCABULARY),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        head_size=6,
        use_bias=True,
        activation="gelu",
        dropout=0.2,
        num_segments=3,
        max_wavelength=100.0,
    )


def create_preprocessor() -> RoformerV2TextClassifierPreprocessor:
    return RoformerV2TextClassifierPreprocessor(
        RoformerV2Tokenizer(VOCABULARY), sequence_length=24, truncate="waterfall"
    )


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
        return RoformerV2TextClassifier(create_backbone(), 3, preprocessor=create_preprocessor())
