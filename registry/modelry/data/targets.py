"""What a user passes as y -> the array a loss takes."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from modelry.data.arrays import Array, describe, is_missing, to_array
from modelry.errors import InputError, did_you_mean


@attrs.frozen
class TargetSpec:
    """What the labels of a classifier may be.

    Attributes:
        labels: the names of the classes in the order of their numbers, or nothing when they have no names.
        num_classes: how many outputs the classifier has, or None when that is not known.
        sparse: whether a label is the number of its one class; otherwise the loss decides what a label is.
    """

    labels: tuple[str, ...] = ()
    num_classes: int | None = None
    sparse: bool = True

    def __attrs_post_init__(self) -> None:
        if isinstance(self.labels, str):
            raise InputError(f"labels is a single string, {self.labels!r}. Pass a tuple of names.")
        if len(set(self.labels)) != len(self.labels):
            raise InputError(f"labels names a class twice: {', '.join(map(repr, self.labels))}. Name each once.")

    @property
    def one_hot(self) -> bool:
        """Whether a label written as a class becomes a row of zeros and a one."""
        return not self.sparse and self.num_classes is not None and self.num_classes > 1


def as_targets(y: object, spec: TargetSpec, rows: int) -> Array:
    """Return the labels of a batch or a data set.

    Args:
        y: class numbers or names, `(rows,)` or `(rows, 1)`; or, unless `spec.sparse`, whatever the loss takes.
        spec: what the labels may be.
        rows: how many texts the labels are for.

    Returns:
        `(rows,)` int32 class numbers when `spec.sparse`. Otherwise numbers as they are, float32 or int32,
        and names as one-hot rows, `(rows, num_classes)` float32 (`(rows,)` for a single output).
    """
    values = to_array(y, "y")
    if values.ndim == 0:
        raise InputError(f"y is {describe(y)}, a single label. Pass a list with one label per text.")
    if len(values) != rows:
        raise InputError(f"x has {rows} texts, but y has {len(values)} labels. Pass one label per text.")
    if spec.sparse and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if is_strings(values):
        return _encoded(_class_numbers(values, spec), spec)
    values = _numbers(values)
    return _sparse(values, spec) if spec.sparse else _dense(values, spec)


def infer_labels(y: object, num_classes: int | None = None) -> tuple[str, ...] | None:
    """Return the sorted names found in y, or None when y holds numbers.

    Args:
        y: the labels of a whole data set.
        num_classes: how many names there must be.
    """
    values = to_array(y, "y")
    if not is_strings(values):
        return None
    names = tuple(sorted({_name(value, row) for row, value in enumerate(values.tolist())}))
    if num_classes is not None and len(names) != num_classes:
        raise InputError(
            f"y holds {len(names)} different labels ({_listed(names)}), but the classifier has {num_classes} classes. "
            f"Pass labels= with all {num_classes} names, or build the classifier with num_classes={len(names)}."
        )
    return names


def is_strings(values: Array) -> bool:
    """Whether an array holds strings, be it among other things."""
    if values.dtype.kind == "O":
        return any(isinstance(value, str | bytes) for value in values.flat)
    return values.dtype.kind in "UST"


def _class_numbers(values: Array, spec: TargetSpec) -> Array:
    if not spec.labels:
        raise InputError("y holds names, but the classifier's labels have none. Pass labels=, or integers as y.")
    if values.ndim != 1:
        raise InputError(f"y holds names in an array of shape {values.shape}. Pass one name per text.")
    numbers = {name: number for number, name in enumerate(spec.labels)}
    ids = np.empty(len(values), dtype=np.int32)
    for row, value in enumerate(values.tolist()):
        name = _name(value, row)
        if name not in numbers:
            raise InputError(
                f"Row {row} of y is {name!r}, which is no label of this classifier.{did_you_mean(name, numbers)} "
                f"Its labels are {_listed(spec.labels)}."
            )
        ids[row] = numbers[name]
    return ids


def _encoded(ids: Array, spec: TargetSpec) -> Array:
    if spec.sparse:
        return ids
    classes = spec.num_classes or 1
    return np.eye(classes, dtype=np.float32)[ids] if classes > 1 else ids.astype(np.float32)


def _name(value: object, row: int) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise InputError(f"Row {row} of y is {describe(value)}, while other labels are names. Pass only names.")
    return str(value)


def _numbers(values: Array) -> Array:
    """Return numbers in a numeric dtype: pandas keeps nullable integers as objects."""
    if values.dtype.kind in "biuf":
        return values
    for row, value in enumerate(values.tolist()):
        if is_missing(value) or (values.ndim == 1 and not isinstance(value, int | float | np.number | np.bool_)):
            raise InputError(f"Row {row} of y is {describe(value)}. Every text needs a number or a name as its label.")
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"y holds something that is no number ({error}). Pass numbers or names.") from error


def _sparse(values: Array, spec: TargetSpec) -> Array:
    if values.ndim != 1:
        raise InputError(
            f"y has the shape {values.shape}, but the loss takes one class number per text. "
            "Pass y.argmax(axis=-1) for one-hot rows, or compile with a loss for several outputs."
        )
    bad = np.flatnonzero(~np.isfinite(values) | (values != np.floor(values)))
    if len(bad):
        raise InputError(f"Row {bad[0]} of y is {values[bad[0]]}, which is no class number. Pass integers or names.")
    if spec.num_classes is not None:
        _check_range(values.astype(np.int64), spec.num_classes)
    return values.astype(np.int32)


def _check_range(values: Array, num_classes: int) -> None:
    outside = np.flatnonzero((values < 0) | (values >= num_classes))
    if not len(outside):
        return
    row = outside[0]
    advice = "Number the classes from 0, or build the classifier with more classes."
    if values.min() == 1 and values.max() == num_classes:
        advice = "These seem to count from 1: pass y - 1."
    raise InputError(
        f"Row {row} of y is {values[row]}, but the {num_classes} classes are numbered 0 to {num_classes - 1}. {advice}"
    )


def _dense(values: Array, spec: TargetSpec) -> Array:
    if values.ndim == 2 and spec.one_hot and values.shape[1] != spec.num_classes:
        raise InputError(
            f"y has the shape {values.shape}, but the classifier has {spec.num_classes} classes. "
            f"Pass rows of {spec.num_classes} numbers."
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = np.argwhere(~np.isfinite(values))[0][0]
        raise InputError(f"Row {row} of y holds a number that is not finite: {values[row]}. Correct or drop the row.")
    return values.astype(np.int32 if values.dtype.kind in "iu" else np.float32)


def _listed(names: tuple[str, ...]) -> str:
    shown: list[Any] = [repr(name) for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
