"""Parquet, read a few rows at a time whatever the size of its row groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import InputError
from modelry.tables import chunk as limits
from modelry.tables.arrow import pyarrow
from modelry.tables.arrow_chunk import ArrowChunk, is_text
from modelry.tables.chunk import Table

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

_STEP = 1024  # rows
_BUFFER = 1 << 20  # bytes of each column; without one pyarrow reads the column of a whole row group


class ParquetTable(Table):
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _open(path) as file:
            self.schema = file.schema_arrow
            self.size = file.metadata.num_rows
        self.columns = tuple(self.schema.names)
        twice = next((name for name in self.columns if self.columns.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"{str(path)!r} has two columns {twice!r}. Rename one of the two.")
        self.text_columns = tuple(field.name for field in self.schema if is_text(field.type))

    def chunks(self) -> Generator[ArrowChunk]:
        """Yield all rows."""
        with _open(self.path) as file:
            done = 0
            some: list[Any] = []
            for batch in self._batches(file):
                some.append(batch)
                rows = sum(map(len, some))
                if rows >= limits.ROWS or sum(batch.nbytes for batch in some) >= limits.BYTES:
                    yield ArrowChunk(self.path, self.schema, some, done)
                    some, done = [], done + rows
            if some:
                yield ArrowChunk(self.path, self.schema, some, done)

    def _batches(self, file: Any) -> Iterator[Any]:
        try:
            yield from file.iter_batches(batch_size=min(_STEP, limits.ROWS))
        except (OSError, pyarrow().ArrowException) as error:
            raise InputError(f"{str(self.path)!r} cannot be read to its end: {error}") from error


def _open(path: Path) -> Any:
    pa = pyarrow()
    try:
        return pa.parquet.ParquetFile(path, buffer_size=_BUFFER)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{str(path)!r} cannot be read as Parquet: {error}") from error
