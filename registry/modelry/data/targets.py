"""What a user passes as y -> the array a loss takes."""

from __future__ import annotations

import attrs
import numpy as np

from modelry.data.arrays import Array, describe, is_missing, to_array
from modelry.data.class_names import class_number, is_strings, numbers_by_name
from modelry.data.label_sets import checked_multi_hot, name_sets
from modelry.errors import InputError
from modelry.tasks.text_classifier.problem_types import MULTI_LABEL, REGRESSION, SINGLE_LABEL


@attrs.frozen
class TargetSpec:
    """What the labels of a classifier may be.

    Attributes:
        labels: the names of the classes in the order of their numbers, or nothing when they have no names.
        num_classes: how many outputs the classifier has, or None when that is not known.
        sparse: for a single label: whether it is the number of its class; otherwise the loss decides what it is.
        problem_type: what the outputs mean; see `modelry.tasks.text_classifier.problem_types`.
    """

    labels: tuple[str, ...] = ()
    num_classes: int | None = None
    sparse: bool = True
    problem_type: str = SINGLE_LABEL

    def __attrs_post_init__(self) -> None:
        if isinstance(self.labels, str):
            raise InputError(f"labels is a single string, {self.labels!r}. Pass a tuple of names.")
        if len(set(self.labels)) != len(self.labels):
            raise InputError(f"labels names a class twice: {', '.join(map(repr, self.labels))}. Name each once.")

    @property
    def one_hot(self) -> bool:
        """Whether the label of a text is a row of numbers, which a label written as a class becomes."""
        one_number = self.sparse and self.problem_type == SINGLE_LABEL
        return not one_number and self.num_classes is not None and self.num_classes > 1


def as_targets(y: object, spec: TargetSpec, rows: int) -> Array:
    """Return the labels of a batch or a data set.

    Args:
        y: class numbers or names, `(rows,)` or `(rows, 1)`; or, unless `spec.sparse`, whatever the loss takes. Where
            a text may have several labels, a list of names for each, or `(rows, num_classes)` zeros and ones. For
            regression `(rows, num_classes)` numbers, or `(rows,)` for a single output.
        spec: what the labels may be.
        rows: how many texts the labels are for.

    Returns:
        `(rows,)` int32 class numbers when `spec.sparse`. Otherwise numbers as they are, float32 or int32,
        and names as one-hot rows, `(rows, num_classes)` float32 (`(rows,)` for a single output). For several labels
        and for regression `(rows, num_classes)` float32.
    """
    sets = name_sets(y) if spec.problem_type == MULTI_LABEL else None
    values = to_array(y, "y") if sets is None else sets
    if values.ndim == 0:
        raise InputError(f"y is {describe(y)}, a single label. Pass a list with one label per text.")
    if len(values) != rows:
        raise InputError(f"x has {rows} texts, but y has {len(values)} labels. Pass one label per text.")
    if sets is not None:
        return _marked(sets, spec)
    if spec.problem_type == REGRESSION:
        return _measured(values, spec)
    if spec.problem_type == MULTI_LABEL and not is_strings(values):
        return checked_multi_hot(_numbers(values), spec.num_classes or 1)
    if spec.sparse and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if is_strings(values):
        return _encoded(_class_numbers(values, spec), spec)
    values = _numbers(values)
    return _sparse(values, spec) if spec.sparse else _dense(values, spec)


def _class_numbers(values: Array, spec: TargetSpec) -> Array:
    if values.ndim != 1:
        raise InputError(
            f"y holds names in an array of shape {values.shape}. Pass one name per text, or build the classifier with "
            "problem_type='multi_label' if a text may have several."
        )
    numbers = numbers_by_name(spec.labels)
    return np.array([class_number(value, row, numbers) for row, value in enumerate(values.tolist())], dtype=np.int32)


def _encoded(ids: Array, spec: TargetSpec) -> Array:
    if spec.sparse and spec.problem_type == SINGLE_LABEL:
        return ids
    classes = spec.num_classes or 1
    if spec.problem_type == MULTI_LABEL or classes > 1:
        return np.eye(classes, dtype=np.float32)[ids]
    return ids.astype(np.float32)


def _marked(sets: Array, spec: TargetSpec) -> Array:
    """Return a one for each label that a text has."""
    numbers = numbers_by_name(spec.labels)
    rows = np.zeros((len(sets), len(numbers)), np.float32)
    for row, names in enumerate(sets):
        for name in names:
            rows[row, class_number(name, row, numbers)] = 1
    return rows


def _measured(values: Array, spec: TargetSpec) -> Array:
    """Return what the outputs of a regression shall be."""
    if is_strings(values):
        raise InputError(
            "y holds names, but this classifier predicts numbers: its problem_type is 'regression'. Pass numbers, or "
            "build it with problem_type='single_label'."
        )
    outputs = spec.num_classes or 1
    values = _finite(_numbers(values))
    if values.ndim == 1 and outputs == 1:
        values = values[:, None]
    if values.shape[1:] != (outputs,):
        raise InputError(
            f"y has the shape {values.shape}, but the classifier predicts {outputs} number(s) for each text. "
            f"Pass rows of {outputs}, or build it with another num_classes."
        )
    return values.astype(np.float32)


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
    return _finite(values).astype(np.int32 if values.dtype.kind in "iu" else np.float32)


def _finite(values: Array) -> Array:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = np.argwhere(~np.isfinite(values))[0][0]
        raise InputError(f"Row {row} of y holds a number that is not finite: {values[row]}. Correct or drop the row.")
    return values
