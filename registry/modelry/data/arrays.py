"""What NumPy, pandas, torch, TensorFlow and JAX hand over, as NumPy arrays or lists: recognised by what it can do.

Nothing here imports any of those libraries except NumPy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from modelry.errors import InputError

Array = npt.NDArray[Any]


def is_missing(value: object) -> bool:
    """Whether a value stands for "no value": None, a float NaN, pandas' NA and NaT."""
    named = type(value).__name__ in {"NAType", "NaTType"}
    return value is None or named or (isinstance(value, float) and math.isnan(value))


def is_table(value: object) -> bool:
    """Whether a value has named columns, as a pandas or polars DataFrame does."""
    return hasattr(value, "columns") and hasattr(value, "to_numpy")


def describe(value: object) -> str:
    """Say what a value is, in a few words for an error message."""
    if is_missing(value):
        return f"missing ({value})"
    shown = repr(value)
    return f"of type {type(value).__name__}: {shown if len(shown) <= 40 else shown[:37] + '...'}"


def rank(value: object) -> int:
    """Count a value's axes: 0 for a string or a number, at least 1 for a list; tensors and their specs know theirs."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return len(shape)
    return 1 if hasattr(value, "__len__") and not isinstance(value, str | bytes) else 0


def to_array(values: object, name: str) -> Array:
    """Return labels, weights or other numbers and strings as an array.

    Args:
        values: a list, an array, a Series, a DataFrame or a tensor.
        name: what the argument is called in an error message.

    Returns:
        An array; of dtype object where strings, or strings and anything else, stand in a list.
    """
    if hasattr(values, "detach"):  # a torch tensor, which may need gradients or lie on a GPU
        values = values.detach().cpu()
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    elif hasattr(values, "numpy"):
        values = values.numpy()
    # NumPy would silently turn the 1 of ["a", 1] into "1".
    strings = isinstance(values, list | tuple) and any(isinstance(value, str | bytes) for value in values)
    try:
        return np.asarray(values, dtype=object if strings else None)
    except ValueError as error:
        raise InputError(
            f"{name} is not rectangular: its rows have different lengths ({error}). Give every row the same length."
        ) from error


def to_list(values: object, name: str) -> list[Any]:
    """Return the rows of a column as Python objects; the rows of an array with two axes come as lists.

    Args:
        values: a list, a tuple or another sequence, an array, a Series or a tensor.
        name: what the column is called in an error message.
    """
    if isinstance(values, list | tuple):
        return list(values)
    if hasattr(values, "numpy") and not hasattr(values, "tolist"):  # a TensorFlow tensor
        values = values.numpy()
    if rank(values) == 0:
        raise InputError(f"{name} is {describe(values)}, a single value. Pass a list of texts, even for one text.")
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    rows: list[Any] = values.tolist() if hasattr(values, "tolist") else list(values)  # type: ignore[call-overload]
    return rows
