"""Rows that were lines of text: read one by one, kept as JSON objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import InputError
from modelry.tables import chunk as limits
from modelry.tables.chunk import Chunk
from modelry.tables.kinds import NULL, kind_of, merge

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from modelry.tables.lines import Lines

    Row = tuple[int, dict[str, Any]]  # the number of its first line, and what it holds


class Records(Chunk):
    """Some rows as dicts."""

    def __init__(self, rows: list[Row], lines: Lines) -> None:
        self.position = lines.position
        self.digest = lines.digest()
        self._rows = rows
        self._name = lines.name

    def __len__(self) -> int:
        return len(self._rows)

    def kinds(self) -> dict[str, str]:
        """Return every column that a row has, and the kind of its values."""
        found: dict[str, str] = {}
        for _, record in self._rows:
            for name, value in record.items():
                found[name] = merge(found.get(name, NULL), kind_of(value))
        return found

    def texts(self, column: str) -> list[str]:
        """Return a column of strings."""
        return [self._text(number, record, column) for number, record in self._rows]

    def _text(self, number: int, record: dict[str, Any], column: str) -> str:
        value = record.get(column)
        if isinstance(value, str):
            return value
        where = f"Line {number} of {self._name}"
        if value is None:
            has = f"has null for {column!r}" if column in record else f"has no {column!r}"
            raise InputError(f"{where} {has}. Every row needs a text, be it an empty one; mend or remove the line.")
        raise InputError(f"{where} has {value!r} for {column!r}, which is no string.")

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows."""
        return (dict(record) for _, record in self._rows)

    def arrow(self, kinds: Mapping[str, str]) -> Any:
        """Return the rows as a `pyarrow.Table` with these columns; what a row lacks is null."""
        from modelry.tables.arrow import from_columns

        return from_columns({name: [record.get(name) for _, record in self._rows] for name in kinds}, kinds)


def chunked(rows: Iterator[Row], lines: Lines) -> Generator[Records]:
    """Yield the rows that are read from `lines` in chunks, and close the file in the end."""
    try:
        some: list[Row] = []
        for row in rows:
            some.append(row)
            if len(some) == limits.ROWS or lines.pending >= limits.BYTES:
                yield Records(some, lines)
                some = []
        if some:
            yield Records(some, lines)
    finally:
        lines.close()
