"""What follows from a classifier's activation: its default loss and metrics, its probabilities, its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence


def auto_loss(activation: str) -> keras.losses.Loss:
    """Return the loss that matches an output activation."""
    if activation == "sigmoid":
        return keras.losses.BinaryCrossentropy()
    return keras.losses.SparseCategoricalCrossentropy(from_logits=activation != "softmax")


def auto_metrics(activation: str) -> list[keras.metrics.Metric]:
    """Return the metrics that match an output activation."""
    return [keras.metrics.BinaryAccuracy() if activation == "sigmoid" else keras.metrics.SparseCategoricalAccuracy()]


def is_sparse(loss: Any) -> bool:
    """Return whether a loss takes the integer of each text's one class; so does a model without a loss."""
    if loss is None:
        return True
    names = ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy")
    return isinstance(loss, keras.losses.SparseCategoricalCrossentropy) or getattr(loss, "__name__", loss) in names


def probabilities(scores: np.ndarray, activation: str) -> np.ndarray:
    """Return scores as probabilities, `(texts, classes)` float32: logits through softmax, others as they are."""
    scores = np.asarray(scores).astype("float32")
    if activation != "linear":
        return scores
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def label_scores(scores: np.ndarray, labels: Sequence[str] | None, top_k: int | None) -> list[list[tuple[str, float]]]:
    """Return the `top_k` labels of each row with their scores, the highest first.

    Raises:
        InputError: `top_k` is not a positive whole number.
    """
    count = scores.shape[-1]
    names = labels or [str(index) for index in range(count)]
    kept = count if top_k is None else top_k
    if isinstance(kept, bool) or not isinstance(kept, int) or kept < 1:
        raise InputError(f"top_k must be a whole number, at least 1, or None for all classes, not {top_k!r}.")
    order = np.argsort(-scores, axis=-1, kind="stable")[:, :kept]
    return [[(names[index], float(row[index])) for index in best] for row, best in zip(scores, order, strict=True)]


def check_labels(labels: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the names of the classes as a tuple.

    Raises:
        InputError: They are not distinct strings.
    """
    if labels is None:
        return None
    names = (labels,) if isinstance(labels, str) else tuple(labels)
    if isinstance(labels, str) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(f"labels must be a list of names, one per class, not {labels!r}.")
    if len(set(names)) != len(names):
        raise InputError(f"labels names a class twice: {labels!r}.")
    return names
