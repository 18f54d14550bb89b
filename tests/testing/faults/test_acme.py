"""The suites of an author whose components have faults; run by tests/testing/test_contracts.py."""

from __future__ import annotations

import acme_models
import acme_text
import pytest

from modelry.testing import BackboneContract, HeadContract, PreprocessorContract, TokenizerContract

WORDS = ["a", "film", "good", "bad", "dull", "plot", "the", "was", "and", "not", "very", "long", "short", "one", "two"]
VOCABULARY = ["[PAD]", "[UNK]", *WORDS]


def suites(contract, module, base, fixtures):
    """Write a suite for each class of a module that derives from `base`."""
    for name, cls in vars(module).items():
        if isinstance(cls, type) and issubclass(cls, base) and cls.__module__ == module.__name__:
            yield f"Test{name}", type(f"Test{name}", (contract,), {"__module__": __name__, **fixtures(cls)})


def backbone(cls):
    return {"backbone": pytest.fixture(lambda self: cls(vocabulary_size=20, hidden_dim=4, epsilon=1e-2))}


def head(cls):
    return {"head": pytest.fixture(lambda self: cls(5, width=3))}


def tokenizer(cls):
    if issubclass(cls, acme_text.GoodHashing):
        texts = ("film", "café") if cls is acme_text.GoodHashing else ()
        golden = {text: [acme_text.zlib.crc32(text.encode()) % 64] for text in texts}
        create = cls
    else:
        golden, create = (
            {"A film": [2, 3], "not  a FILM": [11, 2, 3], "what": [1], "café": [1]},
            lambda: cls(VOCABULARY),
        )
    return {"tokenizer": pytest.fixture(lambda self: create()), "golden": pytest.fixture(lambda self: golden)}


def preprocessor(cls):
    create = lambda self: cls(acme_text.GoodTokenizer(VOCABULARY), sequence_length=12)  # noqa: E731
    return {"preprocessor": pytest.fixture(create)}


globals().update(suites(BackboneContract, acme_models, acme_models.Good, backbone))
globals().update(suites(HeadContract, acme_models, acme_models.GoodHead, head))
globals().update(suites(TokenizerContract, acme_text, acme_text.GoodTokenizer, tokenizer))
globals().update(suites(TokenizerContract, acme_text, acme_text.GoodHashing, tokenizer))
globals().update(suites(PreprocessorContract, acme_text, acme_text.GoodPreprocessor, preprocessor))
