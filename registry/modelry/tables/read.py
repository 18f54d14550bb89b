"""From a path to a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.errors import InputError
from modelry.tables.formats import format_of

if TYPE_CHECKING:
    from pathlib import Path

    from modelry.tables.chunk import Table


def open_table(path: Path) -> Table:
    """Open a file of rows, and find what is wrong with it as a whole.

    Raises:
        InputError: There is no such file, its name tells no format, or its beginning is not of that format.
        PluginError: Reading the format takes a package that is not installed.
    """
    format = format_of(path)  # noqa: A001
    if not path.is_file():
        what = "is no regular file, and it must be read twice" if path.exists() else "does not exist"
        raise InputError(f"{str(path)!r} {what}.")
    try:
        if format.name == "parquet":
            from modelry.tables.parquet_table import ParquetTable

            return ParquetTable(path)
        if format.name == "jsonl":
            from modelry.tables.jsonl_table import JsonlTable

            return JsonlTable(path, format)
        from modelry.tables.csv_table import CsvTable

        return CsvTable(path, format)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
