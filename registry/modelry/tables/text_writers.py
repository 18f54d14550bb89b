"""CSV and JSON Lines, written chunk by chunk."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from modelry.tables.chunk import Chunk
    from modelry.tables.formats import Format


class TextFile:
    """A file of UTF-8, compressed if its format says so; the same text always makes the same bytes."""

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002
        self._raw = path.open("wb")
        # Without the name and the time that gzip would store.
        file = gzip.GzipFile("", "wb", 6, self._raw, mtime=0) if format.gzipped else self._raw
        self.text: IO[str] = io.TextIOWrapper(file, encoding="utf-8", newline="")

    def close(self) -> None:
        """Write what is left, and close the file."""
        self.text.close()
        self._raw.close()


class JsonlWriter:
    """Writes an object per line: the row, and after it what was added."""

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002
        self._file = TextFile(path, format)

    def write(self, chunk: Chunk, added: Mapping[str, Sequence[Any]]) -> None:
        """Write the rows of a chunk with further columns."""
        for record in _joined(chunk, added):
            self._file.text.write(json.dumps(record, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class CsvWriter:
    """Writes a line of names, and one for each row."""

    def __init__(self, path: Path, format: Format, columns: Sequence[str]) -> None:  # noqa: A002
        self._file = TextFile(path, format)
        self._columns = columns
        plain: Any = {"delimiter": format.delimiter, "lineterminator": "\n"}
        self._plain = csv.writer(self._file.text, **plain)
        self._quoting = csv.writer(self._file.text, **plain, quoting=csv.QUOTE_ALL)
        self._write(columns)

    def write(self, chunk: Chunk, added: Mapping[str, Sequence[Any]]) -> None:
        """Write the rows of a chunk with further columns; what a row lacks is an empty cell."""
        for record in _joined(chunk, added):
            self._write([_cell(record.get(name)) for name in self._columns])

    def _write(self, cells: Sequence[Any]) -> None:
        # A carriage return alone is a line end to readers, but Python's writer sees none in it.
        lone = any("\r" in cell for cell in cells if isinstance(cell, str))
        (self._quoting if lone else self._plain).writerow(cells)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def _joined(chunk: Chunk, added: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for record, values in zip(chunk.records(), zip(*added.values(), strict=True), strict=True):
        record.update(zip(added, values, strict=True))
        yield record


def _cell(value: Any) -> Any:
    """Return what stands in a cell: text as it is, and everything else as JSON has it."""
    if value is None:
        return ""
    return value if isinstance(value, (str, float)) else json.dumps(value, ensure_ascii=False)
