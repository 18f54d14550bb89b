"""Parquet, written chunk by chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.tables.arrow import from_columns, pyarrow, schema_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelry.tables.chunk import Chunk

_GROUP_ROWS = 128 << 10
_GROUP_BYTES = 64 << 20
"""A row group has at least as many rows or bytes: readers are slow with small ones, and one is kept in memory."""


class ParquetWriter:
    """Writes row groups of several chunks.

    Args:
        path: The file.
        columns: The columns of the rows, and their kinds.
        added: The columns that come after them, and their kinds.
        schema: The `pyarrow.Schema` of the rows where they have one.
    """

    def __init__(self, path: Path, columns: Mapping[str, str], added: Mapping[str, str], schema: Any) -> None:
        pa = pyarrow()
        self._columns = columns
        self._added = added
        schema = schema_of(columns) if schema is None else schema
        for field in schema_of(added):
            schema = schema.append(field)
        self._schema = schema
        self._writer = pa.parquet.ParquetWriter(path, schema)
        self._waiting: list[Any] = []

    def write(self, chunk: Chunk, added: Mapping[str, Sequence[Any]]) -> None:
        """Write the rows of a chunk with further columns."""
        rows = chunk.arrow(self._columns)
        new = from_columns(added, self._added)
        arrays = [*rows.columns, *new.columns]
        self._waiting.append(pyarrow().Table.from_arrays(arrays, schema=self._schema))
        waiting = self._waiting
        if sum(map(len, waiting)) >= _GROUP_ROWS or sum(table.nbytes for table in waiting) >= _GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            table = pyarrow().concat_tables(self._waiting)
            self._writer.write_table(table, row_group_size=len(table))
            self._waiting = []
