"""A preprocessor and a model small enough to reason about: the model's predictions do not depend on padding."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from modelry.data.rows import TokenizedTexts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

    def pad(self, packed: TokenizedTexts, rows: Any, length: int) -> dict[str, np.ndarray]:
        self.shapes.append((len(rows), length))
        names = ("token_ids", "segment_ids", "padding_mask")
        features = {name: np.zeros((len(rows), length), np.int32) for name in names}
        for place, row in enumerate(rows):
            size = len(packed.token_ids[row])
            features["token_ids"][place, :size] = packed.token_ids[row]
            features["segment_ids"][place, :size] = packed.segment_ids[row]
            features["padding_mask"][place, :size] = 1
        return features


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


@pytest.fixture
def counter() -> StepCounter:
    return StepCounter()


@pytest.fixture
def packer() -> WordHashes:
    return WordHashes()


@pytest.fixture
def new_packer() -> Callable[..., WordHashes]:
    return WordHashes


@pytest.fixture
def new_model() -> Callable[..., keras.Model]:
    return make_model


@pytest.fixture
def new_texts() -> Callable[..., list[str]]:
    return make_texts
