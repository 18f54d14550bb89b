"""Tokenizers and preprocessors: one of each that keeps its contract, and others with a fault each."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from modelry import SplittingTokenizer, TextClassifierPreprocessor, Tokenizer


class GoodTokenizer(SplittingTokenizer):
    def split(self, text):
        return text.lower().split()

    def join(self, tokens):
        return " ".join(tokens)


class GivesOtherIds(GoodTokenizer):
    def split(self, text):
        return text.split()


class ExceedsItsVocabulary(GoodTokenizer):
    def encode(self, texts):
        return [[*row, 99] if "電" in text else row for text, row in zip(texts, super().encode(texts), strict=True)]


class FailsOnEmptyTexts(GoodTokenizer):
    def split(self, text):
        return super().split(text) if text.isprintable() and text else [*super().split(text), text[0]][:-1]


class RemembersTexts(GoodTokenizer):
    seen = 0

    def encode(self, texts):
        self.seen += len(texts)
        return [[*row, 0] if self.seen > 60 else row for row in super().encode(texts)]


class LosesItsArgument(GoodTokenizer):
    def __init__(self, vocabulary, sequence_length=None, oov_token="[UNK]", pad_token="[PAD]", fold=True) -> None:
        super().__init__(vocabulary, sequence_length, oov_token, pad_token)
        self.fold = True


class WritesOtherAssets(GoodTokenizer):
    def save_assets(self, folder):
        (folder / "vocabulary.json").write_text(str(self.vocabulary).replace("'", '"'), "utf-8")
        (folder / "merges.txt").write_text("", "utf-8")


class TakesAnyArgument(GoodTokenizer):
    def __init__(self, vocabulary, sequence_length=None, oov_token="[UNK]", pad_token="[PAD]", **options: Any) -> None:
        super().__init__(vocabulary, sequence_length, oov_token, pad_token)


class HasInconsistentIds(GoodTokenizer):
    def token_to_id(self, token):
        return super().token_to_id(token) + (token == "film")


class LosesSpaces(GoodTokenizer):
    def join(self, tokens):
        return "".join(tokens)


class GoodHashing(Tokenizer):
    """Has no vocabulary and no assets."""

    def __init__(self, buckets=64, sequence_length=None) -> None:
        self.buckets = buckets
        self.sequence_length = sequence_length

    def vocabulary_size(self):
        return self.buckets

    def encode(self, texts):
        return [[self.hash(word) % self.buckets for word in text.split()] for text in texts]

    def hash(self, word):
        return zlib.crc32(word.encode())


class HashesAnew(GoodHashing):
    def hash(self, word):
        return hash(word)


class GoodPreprocessor(TextClassifierPreprocessor):
    tokenizer_cls = GoodTokenizer
    separator = ("[UNK]",)


class LeavesRowsEmpty(GoodPreprocessor):
    def tokenize(self, columns):
        packed = super().tokenize(columns)
        empty = np.zeros(0, "int32")
        rows = [empty if not text else ids for text, ids in zip(columns[0], packed.token_ids, strict=True)]
        segments = [empty if not text else ids for text, ids in zip(columns[0], packed.segment_ids, strict=True)]
        return type(packed)(tuple(rows), tuple(segments))


class FixesItsLength(GoodPreprocessor):
    def __init__(self, tokenizer, sequence_length=16, truncate="round_robin", padding="bucket") -> None:
        super().__init__(tokenizer, sequence_length, truncate, padding)
        self._first = sequence_length

    def tokenize(self, columns):
        before, self._sequence_length = self._sequence_length, self._first
        try:
            return super().tokenize(columns)
        finally:
            self._sequence_length = before

    def pad(self, packed, rows, length):
        cut = type(packed)(tuple(ids[:length] for ids in packed.token_ids), packed.segment_ids)
        return super().pad(cut, rows, length) if not self.segment_ids else {}


class PadsOnTheLeft(GoodPreprocessor):
    def pad(self, packed, rows, length):
        features = super().pad(packed, rows, length)
        for place, row in enumerate(rows):
            for array in features.values():
                array[place] = np.roll(array[place], length - len(packed.token_ids[row]))
        return features


class MasksNothing(GoodPreprocessor):
    def pad(self, packed, rows, length):
        features = super().pad(packed, rows, length)
        return {**features, "padding_mask": np.ones_like(features["padding_mask"])}


class IgnoresTheOrder(GoodPreprocessor):
    def pad(self, packed, rows, length):
        return super().pad(packed, sorted(rows), length)


class DropsTheSecond(GoodPreprocessor):
    def tokenize(self, columns):
        return super().tokenize(columns[:1])


class LosesItsTexts(GoodPreprocessor):
    def tokenize(self, columns):
        return super().tokenize(tuple(["film"] * len(column) for column in columns))


class HasNoPadding(GoodPreprocessor):
    def __init__(self, tokenizer, sequence_length=16, truncate="round_robin", padding="bucket") -> None:
        super().__init__(tokenizer, sequence_length, truncate)
        self.padding = "none"


class KeepsTheAxis(GoodPreprocessor):
    def __call__(self, x, y=None, sample_weight=None):
        return super().__call__([x] if isinstance(x, str) else x, y, sample_weight)


class TakesAnything(GoodPreprocessor):
    def __call__(self, x, y=None, sample_weight=None):
        return super().__call__(x if isinstance(x, str) else [str(text) for text in x], y, sample_weight)
