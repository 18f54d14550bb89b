"""Labels as users write them: names of classes, one per text or a set of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelry.data.columns import Array, describe, holds_strings, is_string, to_array
from modelry.errors import InputError, did_you_mean


def infer_labels(y: object, num_classes: int | None = None) -> tuple[str, ...] | None:
    """Return the sorted names found in y, or None when y holds numbers.

    Args:
        y: The labels of a whole data set.
        num_classes: The number of names that there must be.

    Raises:
        InputError: There is another number of names.
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
    """Return whether any of the labels is a name, or a set of names."""
    return name_sets(y) is not None or holds_strings(to_array(y, "y"))


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
        InputError: There is no such class.
    """
    name = _name(value, row)
    if name not in numbers:
        raise InputError(
            f"Row {row} of y is {name!r}, which is not a label of this classifier.{did_you_mean(name, numbers)} "
            f"Its labels are {_listed(tuple(numbers))}."
        )
    return numbers[name]


def name_sets(y: object) -> Array | None:
    """Return the names of each text, or None when y does not hold several for some.

    Args:
        y: The labels of some texts: a list, an array or a Series, with a list, tuple, set or array of names for each.

    Returns:
        `(rows,)` object, a tuple for each text; a name that stands alone is a tuple of one.
    """
    if isinstance(y, list | tuple):
        rows = list(y)
    else:
        array = to_array(y, "y")
        if array.ndim == 0 or array.dtype.kind not in "OUST":
            return None
        rows = array.tolist()
    inner = [row for row in rows if _is_collection(row)]
    if not inner or (any(map(len, inner)) and not any(is_string(one) for row in inner for one in row)):
        return None
    sets = np.empty(len(rows), dtype=object)
    for number, row in enumerate(rows):
        sets[number] = tuple(row) if _is_collection(row) else (row,)
    return sets


def checked_multi_hot(values: Array, num_classes: int) -> Array:
    """Return numbers as `(rows, num_classes)` float32.

    Raises:
        InputError: They are of another shape, or not from 0 to 1.
    """
    if num_classes == 1 and values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != num_classes:
        raise InputError(
            f"y has the shape {values.shape}, but a text may have any of {num_classes} labels. Pass for each text the "
            f"names of its labels, or {num_classes} zeros and ones. If every text has one class, build the classifier "
            "with problem_type='single_label'."
        )
    bad = np.argwhere(~((values >= 0) & (values <= 1)))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"Row {row} of y has {describe(values[row, column].item())} for class {column}. Pass 1 for a label that "
            "the text has, and 0 for any other."
        )
    return values.astype(np.float32)


def _is_collection(row: object) -> bool:
    return isinstance(row, list | tuple | set | frozenset) or (isinstance(row, np.ndarray) and row.ndim > 0)


def _name(value: object, row: int) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise InputError(f"Row {row} of y is {describe(value)}, while other labels are names. Pass only names.")
    return str(value)


def _listed(names: tuple[str, ...]) -> str:
    shown: list[Any] = [repr(name) for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
