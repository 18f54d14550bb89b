"""Rows as Arrow has them."""

from __future__ import annotations

import base64
import datetime
import hashlib
import math
from typing import TYPE_CHECKING, Any

from modelry.errors import InputError
from modelry.tables.arrow import pyarrow
from modelry.tables.chunk import Chunk
from modelry.tables.kinds import BOOL, FLOAT, INT, JSON, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class ArrowChunk(Chunk):
    """Some rows of a Parquet file."""

    def __init__(self, path: Path, schema: Any, batches: list[Any], first: int) -> None:
        self._name = repr(str(path))
        self._first = first
        self._table = pyarrow().Table.from_batches(batches, schema)
        try:
            self._table.validate(full=True)
        except pyarrow().ArrowInvalid as error:
            last = first + len(self)
            raise InputError(f"Among rows {first + 1} to {last} of {self._name} is a broken one: {error}") from error
        self.position = first + len(self)
        self.digest = _digest(self._table)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def kinds(self) -> dict[str, str]:
        """Return the columns and the nearest kinds; only their names matter here."""
        types = pyarrow().types
        tests = {BOOL: types.is_boolean, INT: types.is_integer, FLOAT: types.is_floating, TEXT: is_text}
        return {
            field.name: next((kind for kind, test in tests.items() if test(field.type)), JSON)
            for field in self._table.schema
        }

    def texts(self, column: str) -> list[str]:
        """Return a column of strings."""
        found = self._table[column]
        if not is_text(found.type):
            raise InputError(f"The column {column!r} of {self._name} is of the type {found.type}, and not of strings.")
        texts: list[str] = found.to_pylist()
        if found.null_count:
            raise InputError(
                f"Row {self._first + texts.index(None) + 1} of {self._name} has null for {column!r}. "  # type: ignore[arg-type]
                "Every row needs a text, be it an empty one; fill or remove the row."
            )
        return texts

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows, with what JSON lacks as text."""
        pa = pyarrow()
        columns = [
            # Before Python sees them: its own times have no nanoseconds.
            column.cast(pa.string()) if pa.types.is_temporal(column.type) else column
            for column in self._table.columns
        ]
        names = self._table.schema.names
        for values in zip(*(column.to_pylist() for column in columns), strict=True):
            yield dict(zip(names, map(_plain, values), strict=True))

    def arrow(self, kinds: Mapping[str, str]) -> Any:
        """Return the rows as they are."""
        return self._table


def is_text(kind: Any) -> bool:
    """Return whether a type of Arrow is one of strings."""
    types = pyarrow().types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _digest(table: Any) -> str:
    """Return a hash of the values alone: what lies in memory where there are none is left out of Parquet."""
    pa = pyarrow()
    buffer = pa.BufferOutputStream()
    pa.parquet.write_table(table, buffer, compression="none", use_dictionary=False, write_statistics=False)
    return hashlib.blake2b(buffer.getvalue(), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    """Return the JSON value for a value of Arrow."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else str(value)
