"""Parquet, with pyarrow, which is an optional dependency."""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import InputError, PluginError
from modelry.tables.table import BOOL, FLOAT, INT, JSON, Chunk, Table, is_full

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from modelry.tables.table import Columns, Write

_STEP = 1024  # rows; chunks end at a multiple of it
_BUFFER = 1 << 20  # bytes per column; without it pyarrow reads the column of a whole row group at once
_GROUP_ROWS = 128 << 10
_GROUP_BYTES = 64 << 20  # a row group has at least so many rows or bytes: small ones are slow to read


def pyarrow() -> Any:
    """Return the module `pyarrow`.

    Raises:
        PluginError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise PluginError(
            'Parquet files need pyarrow, which is not installed. Run: pip install "modelry[parquet]"'
        ) from error
    return pyarrow


def open_parquet(path: Path) -> Table:
    """Open a Parquet file.

    Raises:
        InputError: It is not a Parquet file, or two of its columns have one name.
        PluginError: pyarrow is not installed.
    """
    with _open(path) as file:
        schema, size = file.schema_arrow, file.metadata.num_rows
    columns = tuple(schema.names)
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{str(path)!r} has two columns {twice!r}. Rename one of them.")
    strings = tuple(field.name for field in schema if _is_text(field.type))
    return Table(path, size, columns, strings, lambda: _chunks(path), schema)


def _chunks(path: Path) -> Generator[Chunk]:
    with _open(path) as file:
        done = 0
        batches: list[Any] = []
        for batch in _batches(file, path):
            batches.append(batch)
            if is_full(sum(map(len, batches)), sum(batch.nbytes for batch in batches)):
                yield (chunk := _chunk(path, file.schema_arrow, batches, done))
                batches, done = [], chunk.position
        if batches:
            yield _chunk(path, file.schema_arrow, batches, done)


def _batches(file: Any, path: Path) -> Iterator[Any]:
    try:
        yield from file.iter_batches(batch_size=_STEP)
    except (OSError, pyarrow().ArrowException) as error:
        raise InputError(f"{str(path)!r} cannot be read to its end: {error}") from error


def _open(path: Path) -> Any:
    pa = pyarrow()
    try:
        return pa.parquet.ParquetFile(path, buffer_size=_BUFFER)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{str(path)!r} cannot be read as Parquet: {error}") from error


def _chunk(path: Path, schema: Any, batches: list[Any], first: int) -> ArrowChunk:
    pa = pyarrow()
    table = pa.Table.from_batches(batches, schema)
    last = first + table.num_rows
    try:
        table.validate(full=True)
    except pa.ArrowInvalid as error:
        raise InputError(f"One of the rows {first + 1} to {last} of {str(path)!r} is invalid: {error}") from error
    # As Parquet, because it leaves out the undefined memory behind nulls.
    buffer = pa.BufferOutputStream()
    pa.parquet.write_table(table, buffer, compression="none", use_dictionary=False, write_statistics=False)
    return ArrowChunk(last, hashlib.blake2b(buffer.getvalue(), digest_size=16).hexdigest(), repr(str(path)), table)


@attrs.frozen
class ArrowChunk(Chunk):
    """Rows of a Parquet file.

    Attributes:
        position: See `Chunk`.
        digest: See `Chunk`.
        name: The file name for messages.
        table: The rows as a `pyarrow.Table`.
    """

    position: int
    digest: str
    name: str
    table: Any

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def kinds(self) -> dict[str, str]:
        """Return the columns; their types are in the schema."""
        return dict.fromkeys(self.table.schema.names, JSON)

    def texts(self, column: str) -> list[str]:
        """Return a column of strings."""
        found = self.table[column]
        if not _is_text(found.type):
            raise InputError(f"The column {column!r} of {self.name} has the type {found.type}, not a string type.")
        texts: list[Any] = found.to_pylist()
        if found.null_count:
            row = self.position - len(self) + texts.index(None) + 1
            raise InputError(
                f"Row {row} of {self.name} has null for {column!r}. "
                "Every row needs a text, even an empty one. Fill or remove the row."
            )
        return texts

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows; values without a JSON type become texts."""
        pa = pyarrow()
        columns = [
            # In Arrow, since Python's own times have no nanoseconds.
            column.cast(pa.string()) if pa.types.is_temporal(column.type) else column
            for column in self.table.columns
        ]
        names = self.table.schema.names
        for values in zip(*(column.to_pylist() for column in columns), strict=True):
            yield dict(zip(names, map(_plain, values), strict=True))


def _is_text(kind: Any) -> bool:
    """Return whether an Arrow type is a string type."""
    types = pyarrow().types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _plain(value: Any) -> Any:
    """Return the JSON value for an Arrow value: base64 for bytes, ISO 8601 for times, null for NaN."""
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


@contextlib.contextmanager
def write_parquet(path: Path, columns: Mapping[str, str], added: Mapping[str, str], schema: Any) -> Iterator[Write]:
    """Yield the function that writes chunks to a Parquet file.

    Args:
        path: The file.
        columns: The columns of the rows, and their kinds.
        added: The columns that follow, and their kinds.
        schema: The `pyarrow.Schema` of the rows, where they have one.

    Raises:
        PluginError: pyarrow is not installed.
    """
    pa = pyarrow()
    schema = _schema(columns) if schema is None else schema
    for field in _schema(added):
        schema = schema.append(field)
    pending: list[Any] = []

    def flush() -> None:
        if pending:
            table = pa.concat_tables(pending)
            file.write_table(table, row_group_size=len(table))
            pending.clear()

    def write(chunk: Chunk, values: Columns) -> None:
        rows = chunk.table if isinstance(chunk, ArrowChunk) else _from_records([*chunk.records()], columns)
        arrays = [*rows.columns, *(_array(values[name], kind) for name, kind in added.items())]
        pending.append(pa.Table.from_arrays(arrays, schema=schema))
        if sum(map(len, pending)) >= _GROUP_ROWS or sum(table.nbytes for table in pending) >= _GROUP_BYTES:
            flush()

    with pa.parquet.ParquetWriter(path, schema) as file:
        yield write
        flush()


def _schema(kinds: Mapping[str, str]) -> Any:
    return pyarrow().schema([(name, _type(kind)) for name, kind in kinds.items()])


def _type(kind: str) -> Any:
    """Return the Arrow type for a kind; a column without any value becomes one of strings."""
    pa = pyarrow()
    return {BOOL: pa.bool_(), INT: pa.int64(), FLOAT: pa.float64()}.get(kind, pa.string())


def _from_records(records: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]) -> Any:
    """Return a `pyarrow.Table`, with null where a record lacks a column."""
    arrays = [_array([record.get(name) for record in records], kind) for name, kind in kinds.items()]
    return pyarrow().Table.from_arrays(arrays, schema=_schema(kinds))


def _array(values: Sequence[Any], kind: str) -> Any:
    if kind == JSON:
        values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    elif kind == FLOAT:  # pyarrow refuses integers that a float cannot hold exactly
        values = [None if value is None else float(value) for value in values]
    return pyarrow().array(values, type=_type(kind))
