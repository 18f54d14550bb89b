"""What a tokenizer need not have: a vocabulary. It then says so."""

from __future__ import annotations

import pytest

from modelry import Tokenizer


class HashTokenizer(Tokenizer):
    def __init__(self, buckets, sequence_length=None):
        self.buckets = buckets
        self.sequence_length = sequence_length

    def encode(self, texts):
        return [[sum(map(ord, word)) % self.buckets for word in text.split()] for text in texts]

    def vocabulary_size(self):
        return self.buckets


def test_two_methods_make_a_tokenizer():
    tokenizer = HashTokenizer(10, sequence_length=2)
    assert tokenizer("a b c").tolist() == [7, 8]
    assert HashTokenizer.from_config(tokenizer.get_config()).get_config() == {"buckets": 10, "sequence_length": 2}


@pytest.mark.parametrize(
    ("method", "argument"), [("token_to_id", "a"), ("id_to_token", 1), ("detokenize", [1]), ("get_vocabulary", None)]
)
def test_what_a_hash_cannot_do_is_said(method, argument):
    arguments = () if argument is None else (argument,)
    with pytest.raises(NotImplementedError, match="HashTokenizer"):
        getattr(HashTokenizer(10), method)(*arguments)


def test_assets_are_written_by_whoever_names_them(tmp_path):
    HashTokenizer(10).save_assets(tmp_path)
    assert list(tmp_path.iterdir()) == []

    class Careless(HashTokenizer):
        assets = {"buckets": "buckets.json"}  # noqa: RUF012

    with pytest.raises(NotImplementedError, match="Careless does not say how to write buckets"):
        Careless(10).save_assets(tmp_path)
