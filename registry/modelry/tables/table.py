"""Tables in files: their formats, the kinds of their columns, and the chunks in which rows are read."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    Columns = Mapping[str, Sequence[Any]]
    Write = Callable[["Chunk", Columns], None]  # writes the rows of a chunk, with further columns after their own
    Writer = AbstractContextManager[Write]

_ROWS = 8192
_BYTES = 64 << 20


def is_full(rows: int, size: int) -> bool:
    """Return whether a chunk of so many rows and bytes ends; this depends on nothing else, so that runs can resume."""
    return rows >= _ROWS or size >= _BYTES


@attrs.frozen
class Format:
    """A file format.

    Attributes:
        name: `"csv"`, `"jsonl"` or `"parquet"`.
        delimiter: The separator of cells in a CSV file.
        gzipped: Whether the file is compressed with gzip.
    """

    name: str
    delimiter: str = ","
    gzipped: bool = False


_TEXT = {
    ".csv": Format("csv"),
    ".tsv": Format("csv", delimiter="\t"),
    ".jsonl": Format("jsonl"),
    ".ndjson": Format("jsonl"),
}
_FORMATS = {
    **_TEXT,
    **{f"{ending}.gz": attrs.evolve(found, gzipped=True) for ending, found in _TEXT.items()},
    ".parquet": Format("parquet"),
}


def format_of(path: Path) -> Format:
    """Return the format that a file name ends in.

    Raises:
        InputError: The ending is unknown.
    """
    name = path.name.lower()
    for ending, found in _FORMATS.items():
        if name.endswith(ending):
            return found
    raise InputError(
        f"{str(path)!r} has an unknown format. Its name must end in .csv, .tsv, .jsonl or .parquet, "
        "or, compressed, in .csv.gz, .tsv.gz or .jsonl.gz."
    )


# Words rather than an enumeration, because they are stored in JSON.
NULL, BOOL, INT, FLOAT, TEXT, JSON = "null", "bool", "int", "float", "text", "json"
_LARGEST = 1 << 63
_KINDS = {type(None): NULL, bool: BOOL, float: FLOAT, str: TEXT}


def kind_of(value: Any) -> str:
    """Return the kind of a JSON value; lists, objects and integers above 64 bits are of the kind `JSON`."""
    if type(value) is int:
        return INT if -_LARGEST <= value < _LARGEST else JSON
    return _KINDS.get(type(value), JSON)


def merge_kinds(first: str, second: str) -> str:
    """Return the kind of a column with values of both kinds; a mixture becomes JSON texts, so no value is changed."""
    if first == second or second == NULL:
        return first
    if first == NULL:
        return second
    return FLOAT if {first, second} == {INT, FLOAT} else JSON


def merge_columns(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the columns of several parts of a table with their kinds, in order of first appearance."""
    merged: dict[str, str] = {}
    for columns in parts:
        for name, kind in columns.items():
            merged[name] = merge_kinds(merged.get(name, NULL), kind)
    return merged


class Chunk(abc.ABC):
    """Consecutive rows of a table.

    Attributes:
        digest: A hash of the rows; equal for equal rows.
        position: The end of the chunk within the table, in the unit of `Table.size`.
    """

    digest: str
    position: int

    @abc.abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    @abc.abstractmethod
    def kinds(self) -> Mapping[str, str]:
        """Return the columns and the kinds of their values; of a table with a schema, only the names count."""

    @abc.abstractmethod
    def texts(self, column: str) -> list[str]:
        """Return a column of strings.

        Raises:
            InputError: A row has no string in this column; the message says which row.
        """

    @abc.abstractmethod
    def records(self) -> Iterator[dict[str, Any]]:
        """Yield each row as a JSON object."""


@attrs.frozen
class Table:
    """A file of rows. Opening it has checked its beginning.

    Attributes:
        path: The file.
        size: Its length for progress bars: bytes, or rows of Parquet.
        columns: The columns; of JSON Lines, those of the first row.
        text_columns: The columns of strings among them.
        chunks: Starts a new pass over all rows. Raises an `InputError` that names the row if one cannot be read.
        schema: The `pyarrow.Schema` of Parquet.
    """

    path: Path
    size: int
    columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    chunks: Callable[[], Generator[Chunk]]
    schema: Any = None

    @property
    def name(self) -> str:
        """The path as messages quote it."""
        return repr(str(self.path))


def text_column(table: Table, requested: str | None, exclude: str | None = None) -> str:
    """Return the column of texts: the requested one, else `text`, else the only column of strings.

    Args:
        table: The table.
        requested: The column that the user names.
        exclude: A column with another purpose.

    Raises:
        InputError: There is no such column, or there are several.
    """
    found = ", ".join(map(repr, table.columns)) or "none"
    if requested is not None:
        if requested in table.columns or not table.columns:
            return requested
        raise InputError(
            f"{table.name} has no column {requested!r}.{did_you_mean(requested, table.columns)} It has: {found}."
        )
    candidates = [column for column in table.text_columns if column != exclude]
    if "text" in candidates or not table.columns:
        return "text"
    if len(candidates) == 1:
        return candidates[0]
    raise InputError(
        f"The column of texts in {table.name} is not obvious. Name it with --text-column; the columns are: {found}."
    )
