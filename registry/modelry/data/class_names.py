"""Classes by their names: what stands in y, and the number of its class."""

from __future__ import annotations

from typing import Any

from modelry.data.arrays import Array, describe, to_array
from modelry.data.label_sets import name_sets
from modelry.errors import InputError, did_you_mean


def infer_labels(y: object, num_classes: int | None = None) -> tuple[str, ...] | None:
    """Return the sorted names found in y, or None when y holds numbers.

    Args:
        y: the labels of a whole data set.
        num_classes: how many names there must be.
    """
    if not holds_names(y):
        return None
    sets = name_sets(y)
    rows = ((value,) for value in to_array(y, "y").tolist()) if sets is None else sets
    names = tuple(sorted({_name(value, row) for row, values in enumerate(rows) for value in values}))
    if num_classes is not None and len(names) != num_classes:
        raise InputError(
            f"y holds {len(names)} different labels ({_listed(names)}), but the classifier has {num_classes} classes. "
            f"Pass labels= with all {num_classes} names, or build the classifier with num_classes={len(names)}."
        )
    return names


def holds_names(y: object) -> bool:
    """Whether labels are names, be it among other things."""
    return name_sets(y) is not None or is_strings(to_array(y, "y"))


def is_strings(values: Array) -> bool:
    """Whether an array holds strings, be it among other things."""
    if values.dtype.kind == "O":
        return any(isinstance(value, str | bytes) for value in values.flat)
    return values.dtype.kind in "UST"


def numbers_by_name(labels: tuple[str, ...]) -> dict[str, int]:
    """Return the number of each class.

    Raises:
        InputError: The classes have no names.
    """
    if not labels:
        raise InputError("y holds names, but the classifier's labels have none. Pass labels=, or integers as y.")
    return {name: number for number, name in enumerate(labels)}


def class_number(value: object, row: int, numbers: dict[str, int]) -> int:
    """Return the number of the class that a row names.

    Raises:
        InputError: It names none.
    """
    name = _name(value, row)
    if name not in numbers:
        raise InputError(
            f"Row {row} of y is {name!r}, which is no label of this classifier.{did_you_mean(name, numbers)} "
            f"Its labels are {_listed(tuple(numbers))}."
        )
    return numbers[name]


def _name(value: object, row: int) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise InputError(f"Row {row} of y is {describe(value)}, while other labels are names. Pass only names.")
    return str(value)


def _listed(names: tuple[str, ...]) -> str:
    shown: list[Any] = [repr(name) for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
