"""Conversion of user data: columns of texts, and arrays of labels, weights and other numbers.

| x | means |
|---|---|
| `["a", "b"]`, an array, a Series, a string tensor | two texts |
| `(firsts, seconds)` | sentence pairs, as two columns |
| `{"text": firsts, "text_pair": seconds}`, a DataFrame with these columns | sentence pairs |
| `[("a", "b"), ("c", "d")]` | sentence pairs, one per row |

Rows are counted from 0 in every message. pandas, torch, TensorFlow and JAX are recognized by what their objects can
do, so that none of them is imported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from modelry.errors import InputError, did_you_mean

Array = npt.NDArray[Any]
TextColumns = tuple[list[str], ...]

NAMES = ("text", "text_pair")


def as_text_columns(x: object) -> TextColumns:
    """Return the texts of x as one or two lists of str, of equal length and not empty.

    Args:
        x: Texts or sentence pairs in any form of this module's table. Bytes are decoded as UTF-8.

    Raises:
        InputError: x has another form, or a value is not text; the message names the row.
    """
    segments = _segments(x)
    sizes = [len(values) for values in segments]
    if len(set(sizes)) > 1:
        raise InputError(
            f"x is a pair of columns with {sizes[0]} and {sizes[1]} texts. Give every first text its second text."
        )
    if sizes[0] == 0:
        raise InputError("x is empty. Pass at least one text.")
    return tuple(_texts(values, name) for values, name in zip(segments, NAMES, strict=False))


def is_text_example(x: Any) -> bool | None:
    """Return whether an element of a stream is a single text or pair; `None` for a tuple of two strings.

    Such a tuple is a pair, or a batch of two texts: a `collate_fn` may make a tuple of those as well.

    Args:
        x: What a stream yielded, or specifications with a `shape` in its place, such as those of a `tf.data.Dataset`.
    """
    if isinstance(x, Mapping):
        return bool(x) and all(rank(part) == 0 for part in x.values())
    if isinstance(x, tuple) and len(x) == 2 and all(map(is_string, x)):
        return None
    return rank(x) == 0 or (isinstance(x, tuple) and len(x) == 2 and all(rank(part) == 0 for part in x))


class TextReader:
    """The `InputReader` of texts and sentence pairs.

    Attributes:
        noun: What an example is called in error messages.
    """

    noun = "text"

    def columns(self, x: Any) -> TextColumns:
        """Return the texts of x; see `as_text_columns`."""
        return as_text_columns(x)

    def is_example(self, x: Any) -> bool | None:
        """Return whether x is a single text or pair; see `is_text_example`."""
        return is_text_example(x)


class WordReader:
    """The `InputReader` of sentences that are split into words: a list of words each.

    Attributes:
        noun: The name of an example in error messages.
    """

    noun = "sentence"

    def columns(self, x: Any) -> TextColumns:
        """Return one column of texts: the words of each sentence, with a space between them.

        Args:
            x: One list, tuple or array of words for each sentence; a sentence may have none.

        Raises:
            InputError: x has another form; or a word is not a string, is empty or has white space in it, and would not
                be found again. The message names the row.
        """
        if is_string(x) or isinstance(x, Mapping) or is_table(x):
            raise InputError(f"x is {describe(x)}. Pass a list with the words of each sentence: [['My', 'parcel'], …].")
        sentences = to_list(x, "x")
        if not sentences:
            raise InputError("x is empty. Pass at least one sentence.")
        for row, words in enumerate(sentences):
            if rank(words) != 1 or isinstance(words, Mapping | set | frozenset):
                raise InputError(f"Row {row} of x is {describe(words)}. Pass the list of its words.")
            for word in words:
                if not isinstance(word, str) or word.split() != [word]:
                    raise InputError(f"Row {row} of x has the word {word!r}. Words are strings without white space.")
        return ([" ".join(words) for words in sentences],)

    def is_example(self, x: Any) -> bool | None:
        """Return whether x is one sentence rather than a list of them; `None` if it is empty."""
        if rank(x) != 1 or not len(x):
            return None
        return all(map(is_string, x))


def _segments(x: Any) -> list[list[Any]]:
    """Split x into its columns, without looking at the texts yet."""
    if is_string(x):
        raise InputError(f"x is a single string. Pass a list, even for one text: [{x[:40]!r}].")
    if isinstance(x, Mapping) or is_table(x):
        return _named(x)
    if isinstance(x, tuple) and x and not any(map(is_string, x)):
        if len(x) > 2:
            raise InputError(
                f"x is a tuple of {len(x)} columns, but a text has at most two segments. "
                "Pass (firsts, seconds), or a list of (first, second) rows."
            )
        return [to_list(part, name) for part, name in zip(x, NAMES, strict=False)]
    rows = to_list(x, "x")
    if any(isinstance(row, list | tuple | np.ndarray) for row in rows):
        return _transposed(rows)
    return [rows]


def _named(x: Any) -> list[list[Any]]:
    """Take the columns of a dict or a DataFrame by name; refuse any other name, which would stay unread."""
    names = [str(name) for name in (x.columns if is_table(x) else x)]
    for name in names:
        if name not in NAMES:
            raise InputError(
                f"x has a column {name!r}, but only 'text' and 'text_pair' are read.{did_you_mean(name, NAMES)} "
                "Select or rename the columns, and pass labels as y."
            )
    if "text" not in names:
        raise InputError("x has no column 'text'. Name the texts 'text', and their second segments 'text_pair'.")
    return [to_list(x[name], name) for name in NAMES if name in names]


def _transposed(rows: list[Any]) -> list[list[Any]]:
    """Turn (first, second) rows into two columns."""
    for index, row in enumerate(rows):
        if not isinstance(row, list | tuple | np.ndarray):
            raise InputError(
                f"Row {index} of x is {describe(row)}, while other rows are pairs. "
                "Make every row a (first, second) pair."
            )
        if len(row) != 2:
            raise InputError(
                f"Row {index} of x holds {len(row)} values, but a row is one text or a (first, second) pair. "
                "Flatten x to a list of texts, or pass two columns as a tuple: (firsts, seconds)."
            )
    return [[row[0] for row in rows], [row[1] for row in rows]]


def _texts(values: list[Any], name: str) -> list[str]:
    """Return a column as plain str, whatever kind of string its rows are."""
    if all(type(value) is str for value in values):
        return values
    return [_text(value, row, name) for row, value in enumerate(values)]


def _text(value: object, row: int, name: str) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"Row {row} of {name!r} holds bytes that are not UTF-8 ({error}). Decode them and pass str."
            ) from error
    if is_missing(value):
        advice = "Drop the row, or fill it with an empty text."
    elif isinstance(value, list | tuple | np.ndarray):
        advice = "x is nested too deeply: a column is a flat list of texts."
    elif name == "text_pair" and isinstance(value, int | float | np.number):
        advice = "A tuple means sentence pairs; pass labels as y instead."
    else:
        advice = "Every row must be a str."
    raise InputError(f"Row {row} of {name!r} is {describe(value)}. {advice}")


def is_string(value: object) -> bool:
    """Return whether a value is a single str or bytes."""
    return isinstance(value, str | bytes)


def is_missing(value: object) -> bool:
    """Return whether a value stands for "no value": None, a float NaN, pandas' NA and NaT."""
    named = type(value).__name__ in {"NAType", "NaTType"}
    return value is None or named or (isinstance(value, float) and math.isnan(value))


def is_table(value: object) -> bool:
    """Return whether a value has named columns, as a pandas or polars DataFrame does."""
    return hasattr(value, "columns") and hasattr(value, "to_numpy")


def holds_strings(values: Array) -> bool:
    """Return whether any value of an array is a string."""
    if values.dtype.kind == "O":
        return any(map(is_string, values.flat))
    return values.dtype.kind in "UST"


def describe(value: object) -> str:
    """Describe a value in a few words for an error message."""
    if is_missing(value):
        return f"missing ({value})"
    shown = repr(value)
    return f"of type {type(value).__name__}: {shown if len(shown) <= 40 else shown[:37] + '...'}"


def rank(value: object) -> int:
    """Count a value's axes: 0 for a string or a number, at least 1 for a list; tensors and their specs know theirs."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return len(shape)
    return 1 if hasattr(value, "__len__") and not is_string(value) else 0


def to_array(values: object, name: str) -> Array:
    """Return labels, weights or other numbers and strings as an array.

    Args:
        values: A list, an array, a Series, a DataFrame or a tensor.
        name: The argument's name, for error messages.

    Returns:
        An array; of dtype object for a list that holds strings.

    Raises:
        InputError: The rows have different lengths.
    """
    if hasattr(values, "detach"):  # a torch tensor, which may need gradients or lie on a GPU
        values = values.detach().cpu()
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    elif hasattr(values, "numpy"):
        values = values.numpy()
    # NumPy would silently turn the 1 of ["a", 1] into "1".
    strings = isinstance(values, list | tuple) and any(map(is_string, values))
    try:
        return np.asarray(values, dtype=object if strings else None)
    except ValueError as error:
        raise InputError(
            f"{name} is not rectangular: its rows have different lengths ({error}). Give every row the same length."
        ) from error


def to_list(values: object, name: str) -> list[Any]:
    """Return the rows of a column as Python objects; the rows of an array with two axes come as lists.

    Args:
        values: A list, a tuple or another sequence, an array, a Series or a tensor.
        name: The column's name, for error messages.

    Raises:
        InputError: It is a single value.
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
