"""From a path to what writes a table there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from modelry.tables.formats import format_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelry.tables.chunk import Chunk


class Writer(Protocol):
    """Writes the rows of a table with further columns."""

    def write(self, chunk: Chunk, added: Mapping[str, Sequence[Any]]) -> None:
        """Write the rows of a chunk with further columns."""

    def close(self) -> None:
        """Finish the file; without it, the file is not one of its format."""


def new_writer(
    path: Path, named: Path, columns: Mapping[str, str], added: Mapping[str, str], schema: Any = None
) -> Writer:
    """Return what writes a file of rows.

    Args:
        path: The file to write.
        named: The path whose name tells the format.
        columns: The columns of the rows, and their kinds.
        added: The columns that come after them, and their kinds.
        schema: The `pyarrow.Schema` of the rows where they have one.

    Raises:
        PluginError: Writing the format takes a package that is not installed.
    """
    format = format_of(named)  # noqa: A001
    if format.name == "parquet":
        from modelry.tables.parquet_writer import ParquetWriter

        return ParquetWriter(path, columns, added, schema)
    from modelry.tables.text_writers import CsvWriter, JsonlWriter

    return JsonlWriter(path, format) if format.name == "jsonl" else CsvWriter(path, format, [*columns, *added])
