"""What a user passes as x -> columns of texts: one, or two for sentence pairs.

| x | means |
|---|---|
| `["a", "b"]`, an array, a Series, a string tensor | two texts |
| `(firsts, seconds)` | sentence pairs, as two columns |
| `{"text": firsts, "text_pair": seconds}`, a DataFrame with these columns | sentence pairs |
| `[("a", "b"), ("c", "d")]` | sentence pairs, one per row |

Rows are counted from 0 in every message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from modelry.data.arrays import describe, is_missing, is_table, to_list
from modelry.errors import InputError, did_you_mean

Columns = tuple[list[str], ...]

NAMES = ("text", "text_pair")


def as_columns(x: object) -> Columns:
    """Return the texts of x as one or two lists of str, of equal length and not empty.

    Args:
        x: texts or sentence pairs in any of the spellings in this module's table. Bytes are decoded as UTF-8.

    Raises:
        InputError: x is none of these, or holds something that is not text; the message names the row.
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


def _segments(x: Any) -> list[list[Any]]:
    """Split x into its columns, without looking at the texts yet."""
    if isinstance(x, str | bytes):
        raise InputError(f"x is a single string. Pass a list, even for one text: [{x[:40]!r}].")
    if isinstance(x, Mapping) or is_table(x):
        return _named(x)
    if isinstance(x, tuple) and x and not any(_is_text(part) for part in x):
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
    """Take the columns of a dict or a DataFrame by name; a name that would be left unread is refused."""
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


def _is_text(value: object) -> bool:
    return isinstance(value, str | bytes)
