"""The contract of every plugin, run on this one."""

import pytest
from modelry.testing import BackboneContract, PreprocessorContract, TextClassifierContract, TokenizerContract

from acme_textcnn import CharacterTokenizer, TextCnnBackbone, TextCnnPreprocessor, TextCnnTextClassifier

TEXTS = ["My card was charged twice.", "The app crashes when I log in!", "Where is my parcel?"]


@pytest.fixture
def tokenizer():
    return CharacterTokenizer.learn(TEXTS)


@pytest.fixture
def preprocessor(tokenizer):
    return TextCnnPreprocessor(tokenizer, sequence_length=32)


@pytest.fixture
def backbone(tokenizer):
    return TextCnnBackbone(tokenizer.vocabulary_size(), embedding_dim=8, filters=4)


@pytest.fixture
def task(backbone, preprocessor):
    return TextCnnTextClassifier(backbone, labels=["billing", "shipping"], preprocessor=preprocessor)


class TestBackbone(BackboneContract):
    pass


class TestTokenizer(TokenizerContract):
    @pytest.fixture
    def tokenizer(self):
        return CharacterTokenizer(["[PAD]", "[UNK]", "[SEP]", " ", "a", "b"])

    @pytest.fixture
    def golden(self):
        return {"Ab ba": [4, 5, 3, 5, 4], "abc": [4, 5, 1], "á": [1]}


class TestPreprocessor(PreprocessorContract):
    pass


class TestClassifier(TextClassifierContract):
    pass
