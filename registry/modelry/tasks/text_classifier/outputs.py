"""Losses, metrics, probabilities and labels, as a classifier's problem type and activation decide them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.backbones.base_model import register_for_saving
from modelry.errors import InputError
from modelry.tasks.text_classifier.spec import MULTI_LABEL, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

THRESHOLD = 0.5


class LogitAccuracy(keras.metrics.BinaryAccuracy):
    """Keras' `BinaryAccuracy` of logits, for which it takes no threshold."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Take a batch into account: labels and logits, `(batch, num_classes)` each."""
        return super().update_state(y_true, keras.ops.sigmoid(y_pred), sample_weight)


register_for_saving(LogitAccuracy)


def auto_loss(problem_type: str, activation: str) -> keras.losses.Loss:
    """Return the loss that matches a problem type and an output activation."""
    logits = activation == "linear"
    if problem_type == REGRESSION:
        return keras.losses.MeanSquaredError()
    if problem_type == MULTI_LABEL:
        return keras.losses.BinaryCrossentropy(from_logits=logits)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=logits)


def auto_metrics(problem_type: str, activation: str) -> list[keras.metrics.Metric]:
    """Return the metrics that match a problem type and an output activation."""
    if problem_type == REGRESSION:
        return [keras.metrics.MeanAbsoluteError()]
    if problem_type == MULTI_LABEL:
        return [LogitAccuracy() if activation == "linear" else keras.metrics.BinaryAccuracy()]
    return [keras.metrics.SparseCategoricalAccuracy()]


def probabilities(scores: np.ndarray, problem_type: str, activation: str) -> np.ndarray:
    """Return scores as probabilities, `(texts, classes)` float32; what a regression predicts, as it is."""
    scores = np.asarray(scores).astype("float32")
    if activation != "linear" or problem_type == REGRESSION:
        return scores
    if problem_type == MULTI_LABEL:
        return np.asarray(np.exp(-np.logaddexp(np.float32(0), -scores)))  # the sigmoid, without overflow
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def best_labels(
    scores: np.ndarray, names: Sequence[str], top_k: int | None, threshold: float | None
) -> list[list[tuple[str, float]]]:
    """Return at most `top_k` labels of each row, the highest score first, without those below the threshold.

    Args:
        scores: Probabilities, `(texts, classes)`.
        names: The names of the classes.
        top_k: How many labels to return at most; `None` for any number.
        threshold: The least score of a label; `None` for any.

    Raises:
        InputError: `top_k` is not a positive whole number, or `threshold` no probability.
    """
    count = scores.shape[-1]
    kept = count if top_k is None else top_k
    if isinstance(kept, bool) or not isinstance(kept, int) or kept < 1:
        raise InputError(f"top_k must be a whole number, at least 1, or None for all classes, not {top_k!r}.")
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"threshold must be a probability, from 0 to 1, not {threshold!r}.")
    least = -np.inf if threshold is None else threshold
    order = np.argsort(-scores, axis=-1, kind="stable")[:, :kept]
    return [
        [(names[index], float(row[index])) for index in best if row[index] >= least]
        for row, best in zip(scores, order, strict=True)
    ]


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
