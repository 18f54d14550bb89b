"""CSV, and TSV, by the rules of Python's `csv`: UTF-8, names in the first line, cells with line ends in quotes."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from modelry.errors import InputError
from modelry.tables.chunk import Table
from modelry.tables.lines import LONGEST, Lines
from modelry.tables.records import chunked

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from modelry.tables.formats import Format
    from modelry.tables.records import Records, Row


class CsvTable(Table):
    """A CSV file; every cell is a string, an empty one an empty string."""

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002
        self.path = path
        self.size = path.stat().st_size
        self._format = format
        lines = Lines(path, format.gzipped)
        try:
            self.columns = self.text_columns = self._header(self._rows(lines), lines)
        finally:
            lines.close()

    def chunks(self) -> Generator[Records]:
        """Yield all rows."""
        lines = Lines(self.path, self._format.gzipped)
        return chunked(self._records(lines), lines)

    def _records(self, lines: Lines) -> Iterator[Row]:
        rows = self._rows(lines)
        header = self._header(rows, lines)
        for number, cells in rows:
            if len(cells) != len(header):
                raise InputError(
                    f"Line {number} of {lines.name} has {len(cells)} cells, but the first line names {len(header)} "
                    "columns. A cell that holds the delimiter must stand in double quotes."
                )
            yield number, dict(zip(header, cells, strict=True))

    def _rows(self, lines: Lines) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of its first line and the cells of every row; blank lines are none."""
        # Of the process, but nothing else in it reads CSV; the default is less than a long text has.
        csv.field_size_limit(LONGEST)
        # Strict, or a quote that nobody closed would swallow the rest of the file without a word.
        reader = csv.reader(lines, delimiter=self._format.delimiter, strict=True)
        while True:
            number = lines.number + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise InputError(f"The row at line {number} of {lines.name} is not valid CSV: {error}.") from error
            if cells is None:
                return
            if cells:
                yield number, cells

    @staticmethod
    def _header(rows: Iterator[tuple[int, list[str]]], lines: Lines) -> tuple[str, ...]:
        names = tuple(next(rows, (0, []))[1])
        if not names:
            raise InputError(f"{lines.name} is empty. The first line of a CSV file must name its columns.")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"{lines.name} names the column {twice!r} twice. Rename one of the two.")
        return names
