"""The contract of every plugin, run on this one."""

import pytest
from modelry.testing import (
    BackboneContract,
    HeadContract,
    PreprocessorContract,
    TextClassifierContract,
    TokenizerContract,
)

from hashed_ngrams import MlpHead, NgramBackbone, NgramPreprocessor, NgramTextClassifier, NgramTokenizer


@pytest.fixture
def tokenizer():
    return NgramTokenizer(buckets=64)


@pytest.fixture
def preprocessor(tokenizer):
    return NgramPreprocessor(tokenizer, sequence_length=32)


@pytest.fixture
def backbone():
    return NgramBackbone(vocabulary_size=64, hidden_dim=8)


@pytest.fixture
def task(backbone, preprocessor):
    return NgramTextClassifier(backbone, labels=["billing", "shipping"], preprocessor=preprocessor)


class TestTokenizer(TokenizerContract):
    @pytest.fixture
    def golden(self):
        # The CRC-32 of "a", "film", "a film" and "été", which any other program can compute.
        golden = {"A film": (0xE8B7BE43, 0x8244BE22, 0x10AB3366), "Été": (0x44D16CD4,)}
        return {text: [1 + crc % 63 for crc in crcs] for text, crcs in golden.items()}


class TestPreprocessor(PreprocessorContract):
    pass


class TestBackbone(BackboneContract):
    pass


class TestHead(HeadContract):
    @pytest.fixture
    def head(self):
        return MlpHead(num_classes=3, width=8)


class TestClassifier(TextClassifierContract):
    pass
