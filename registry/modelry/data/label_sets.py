"""Labels where a text may have several, or none: sets of names, or rows of zeros and ones."""

from __future__ import annotations

import numpy as np

from modelry.data.arrays import Array, describe, to_array
from modelry.errors import InputError


def name_sets(y: object) -> Array | None:
    """Return the names of each text, or None when y does not hold several for some.

    Args:
        y: the labels of some texts: a list, an array or a Series, with a list, tuple, set or array of names for each.

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
    if not inner or (any(map(len, inner)) and not any(isinstance(one, str | bytes) for row in inner for one in row)):
        return None
    sets = np.empty(len(rows), dtype=object)
    for number, row in enumerate(rows):
        sets[number] = tuple(row) if _is_collection(row) else (row,)
    return sets


def _is_collection(row: object) -> bool:
    return isinstance(row, list | tuple | set | frozenset) or (isinstance(row, np.ndarray) and row.ndim > 0)


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
