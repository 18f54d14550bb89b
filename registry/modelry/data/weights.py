"""What a user passes as sample_weight and class_weight -> one weight per text.

Keras applies a class_weight only to arrays of its own; our batches carry it inside their sample weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from modelry.data.arrays import Array, to_array
from modelry.errors import InputError, did_you_mean
from modelry.tasks.text_classifier.problem_types import REGRESSION

if TYPE_CHECKING:
    from modelry.data.targets import TargetSpec

ClassWeight = Mapping[int, float] | Mapping[str, float]


def as_weights(
    sample_weight: object, class_weight: ClassWeight | None, targets: Array, spec: TargetSpec
) -> Array | None:
    """Return `sample_weight * class_weight[label]` for each text, or None when neither is given.

    Args:
        sample_weight: one number per text, or None.
        class_weight: a weight per class, by number or by name; a class left out weighs 1.
        targets: the labels, as `as_targets` returns them.
        spec: what the labels may be.

    Returns:
        `(n,)` float32, or None.
    """
    rows = len(targets)
    weights = None if sample_weight is None else _sample_weights(sample_weight, rows)
    if class_weight is None:
        return weights
    by_class = check_class_weight(class_weight, spec)
    factors = np.array([by_class.get(number, 1.0) for number in _classes(targets).tolist()], dtype=np.float32)
    return factors if weights is None else weights * factors


def check_class_weight(class_weight: ClassWeight, spec: TargetSpec) -> dict[int, float]:
    """Return the weights by class number, or say which key is no class."""
    if spec.problem_type == REGRESSION:
        raise InputError("class_weight is for classes, and a regression has none. Pass sample_weight instead.")
    if not isinstance(class_weight, Mapping):
        raise InputError(f"class_weight is a {type(class_weight).__name__}. Pass a dict from class to weight.")
    numbers = {name: number for number, name in enumerate(spec.labels)}
    by_class: dict[int, float] = {}
    for key, weight in class_weight.items():
        number = numbers.get(key, -1) if isinstance(key, str) else int(key)
        if number < 0 or (spec.num_classes is not None and number >= max(spec.num_classes, 2)):
            raise InputError(
                f"class_weight has a weight for {key!r}, which is no class of this classifier."
                f"{did_you_mean(str(key), numbers)} Use class numbers{' or names' if numbers else ''} as keys."
            )
        if not np.isfinite(weight):
            raise InputError(f"class_weight gives {key!r} the weight {weight}. Pass a finite number.")
        by_class[number] = float(weight)
    return by_class


def _sample_weights(sample_weight: object, rows: int) -> Array:
    weights = to_array(sample_weight, "sample_weight")
    if weights.ndim == 2 and weights.shape[1] == 1:
        weights = weights[:, 0]
    if weights.ndim != 1 or len(weights) != rows:
        raise InputError(
            f"sample_weight has the shape {weights.shape}, but there are {rows} texts. Pass one weight per text."
        )
    try:
        weights = weights.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"sample_weight holds something that is no number ({error}). Pass numbers.") from error
    bad = np.flatnonzero(~np.isfinite(weights))
    if len(bad):
        raise InputError(f"Row {bad[0]} of sample_weight is {weights[bad[0]]}. Pass finite numbers.")
    return weights


def _classes(targets: Array) -> Array:
    """Return the class number of each text, `(n,)`; of one-hot rows the place of the one."""
    if targets.ndim > 1 and targets.shape[-1] > 1:
        if not np.allclose(targets.sum(axis=-1), 1.0):
            raise InputError("class_weight needs one class per text, but y marks several. Pass sample_weight instead.")
        return np.asarray(targets.argmax(axis=-1))
    return np.round(targets.reshape(len(targets))).astype(np.int64)
