"""The kinds of values that rows without a schema hold, column by column, so that one can be made for them.

A kind is a word, because it is kept in files. Values of two kinds in one column make it a column of JSON texts, and so
do lists and objects: no row is refused, or changed, for what other rows hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NULL, BOOL, INT, FLOAT, TEXT, JSON = "null", "bool", "int", "float", "text", "json"
_LARGEST = 1 << 63
_KINDS = {type(None): NULL, bool: BOOL, float: FLOAT, str: TEXT}


def kind_of(value: Any) -> str:
    """Return the kind of a JSON value."""
    if type(value) is int:
        return INT if -_LARGEST <= value < _LARGEST else JSON
    return _KINDS.get(type(value), JSON)


def merge(first: str, second: str) -> str:
    """Return the kind of a column with values of both kinds."""
    if first == second or second == NULL:
        return first
    if first == NULL:
        return second
    return FLOAT if {first, second} == {INT, FLOAT} else JSON


def merge_columns(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return all columns of some tables, in the order in which they come up, with their kinds."""
    merged: dict[str, str] = {}
    for columns in parts:
        for name, kind in columns.items():
            merged[name] = merge(merged.get(name, NULL), kind)
    return merged
