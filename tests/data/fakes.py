"""A preprocessor and a model small enough to reason about: the model's predictions do not depend on padding."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.data.batches import as_batch, as_source
from modelry.data.columns import TextReader
from modelry.data.predictions import as_predictions
from modelry.data.rows import Inputs, TokenizedTexts, tokenized
from modelry.data.spec import DataSpec
from modelry.tasks.text_classifier.targets import ClassificationTargets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.data.adapter import Source
    from modelry.data.predictions import Predictions

VOCABULARY = 101


class WordHashes:
    """Splits at white space, hashes the words, puts a 1 in front. Records the shapes it pads to."""

    def __init__(self, sequence_length: int = 64, padding: str = "bucket") -> None:
        self.sequence_length = sequence_length
        self.padding = padding
        self.shapes: list[tuple[int, int]] = []

    def tokenize(self, columns: tuple[Sequence[str], ...]) -> TokenizedTexts:
        rows = [self._row(texts) for texts in zip(*columns, strict=True)]
        return TokenizedTexts(tuple(ids for ids, _ in rows), tuple(segments for _, segments in rows))

    def _row(self, texts: tuple[str, ...]) -> tuple[Any, Any]:
        ids, segments = [1], [0]
        for segment, text in enumerate(texts):
            words = [2 + zlib.crc32(word.encode()) % (VOCABULARY - 2) for word in text.split()]
            ids += words
            segments += [segment] * len(words)
        limit = self.sequence_length
        return np.array(ids[:limit], np.int32), np.array(segments[:limit], np.int32)

    def pad(self, tokenized: TokenizedTexts, rows: Any, length: int) -> dict[str, np.ndarray]:
        self.shapes.append((len(rows), length))
        names = ("token_ids", "segment_ids", "padding_mask")
        features = {name: np.zeros((len(rows), length), np.int32) for name in names}
        for place, row in enumerate(rows):
            size = len(tokenized.token_ids[row])
            features["token_ids"][place, :size] = tokenized.token_ids[row]
            features["segment_ids"][place, :size] = tokenized.segment_ids[row]
            features["padding_mask"][place, :size] = 1
        return features


class Pieces(WordHashes):
    """Splits words into pieces of two characters, between two special tokens; knows their offsets."""

    @staticmethod
    def id_of(piece: str) -> int:
        return 2 + zlib.crc32(piece.encode()) % (VOCABULARY - 2)

    def tokenize(self, columns: tuple[Sequence[str], ...], offsets: bool = False) -> TokenizedTexts:
        (texts,) = columns
        spans = [[match.span() for match in re.finditer(r"\S{1,2}", text)] for text in texts]
        spans = [[(-1, -1), *row[: self.sequence_length - 2], (-1, -1)] for row in spans]
        ids = tuple(
            np.array([1 if start < 0 else self.id_of(text[start:stop]) for start, stop in row], np.int32)
            for row, text in zip(spans, texts, strict=True)
        )
        known = tuple(np.array(row, np.int32) for row in spans)
        return TokenizedTexts(ids, tuple(map(np.zeros_like, ids)), known if offsets else None)


@keras.saving.register_keras_serializable("modelry_tests")
class MaskedMean(keras.layers.Layer):
    """Averages token states; counts how often Keras traces it, which on jax is once per compiled shape."""

    traces = 0

    def call(self, states: Any, mask: Any) -> Any:
        self.traces += 1
        weights = keras.ops.cast(keras.ops.expand_dims(mask, -1), states.dtype)
        return keras.ops.sum(states * weights, axis=1) / keras.ops.sum(weights, axis=1)


def make_model(classes: int = 2, loss: str | None = None) -> keras.Model:
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name) for name in ("token_ids", "segment_ids", "padding_mask")
    }
    tokens = keras.layers.Embedding(VOCABULARY, 8, embeddings_initializer="uniform")(inputs["token_ids"])
    segments = keras.layers.Embedding(2, 8)(inputs["segment_ids"])
    pooled = MaskedMean(name="pool")(tokens + segments, inputs["padding_mask"])
    model = keras.Model(inputs, keras.layers.Dense(classes)(pooled))
    if loss is None:
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    else:
        model.compile("adam", loss)
    return model


def make_texts(count: int, seed: int = 0, longest: int = 70) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(f"w{word}" for word in rng.integers(0, 500, rng.integers(1, longest))) for _ in range(count)]


class StepCounter(keras.callbacks.Callback):
    """Counts training steps. `optimizer.iterations` is one too many on TensorFlow where data ends unexpectedly."""

    steps = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1


OPTIONS = ("preprocessor", "supports_packing", "reader", "outputs", "offsets", "targets")


def spec_of(preprocessor: Any, **options: Any) -> DataSpec:
    """The data of a text classifier; options are those of `DataSpec` and `ClassificationTargets`."""
    own = {name: options.pop(name) for name in OPTIONS if name in options}
    targets = own.pop("targets", None) or ClassificationTargets(**options)
    return DataSpec(preprocessor, targets, own.pop("reader", None) or TextReader(), **own)


CLASSES = ("labels", "num_classes", "sparse", "problem_type")


def split_options(options: dict[str, Any]) -> tuple[DataSpec, dict[str, Any]]:
    """The spec, and the options that are not its."""
    own = {name: value for name, value in options.items() if name in (*OPTIONS, *CLASSES)}
    return spec_of(**own), {name: value for name, value in options.items() if name not in own}


def make_source(x: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> Source:
    spec, rest = split_options(options)
    return as_source(x, y, sample_weight, spec, **rest)


def make_predictions(x: Any, **options: Any) -> Predictions:
    spec, rest = split_options(options)
    return as_predictions(x, spec, **rest)


def make_batch(x: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> Any:
    spec, rest = split_options(options)
    return as_batch(x, y, sample_weight, spec, **rest)


def inputs_of(preprocessor: Any, *columns: Any, noun: str = "text") -> Inputs:
    """Tokenized columns."""
    return tokenized(preprocessor, Inputs(columns, None, noun))
