"""CSV and JSON Lines, with Python's own `csv` and `json`.

pyarrow reads both faster, but it accepts an open quote up to the end of the file, counts rows rather than lines, and
fixes the columns and types of JSON Lines after the first block.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import json
import zlib
from typing import IO, TYPE_CHECKING, Any, Self

import attrs

from modelry.errors import InputError
from modelry.tables.table import NULL, Chunk, Format, Table, is_full, kind_of, merge_kinds

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from modelry.tables.table import Columns, Write

    Row = tuple[int, dict[str, Any]]  # the number of its first line, and its values

_LONGEST_LINE = 16 << 20  # bytes; keeps a file without line ends out of memory


def open_text(path: Path, format: Format) -> Table:  # noqa: A002
    """Open a CSV file, whose cells are all strings, or a file of JSON objects.

    Raises:
        InputError: The first row cannot be read.
        OSError: The file cannot be opened.
    """

    def chunks() -> Generator[Chunk]:
        with contextlib.closing(_Lines(path, format.gzipped)) as lines:
            rows: list[Row] = []
            for row in _rows(lines, format)[1]:
                rows.append(row)
                if is_full(len(rows), lines.pending):
                    yield TextChunk(lines.position, lines.take_digest(), lines.name, rows)
                    rows = []
            if rows:
                yield TextChunk(lines.position, lines.take_digest(), lines.name, rows)

    with contextlib.closing(_Lines(path, format.gzipped)) as lines:
        header, rows = _rows(lines, format)
        first = next(rows, (0, {}))[1] if header is None else dict.fromkeys(header, "")
    strings = tuple(name for name, value in first.items() if isinstance(value, str))
    return Table(path, path.stat().st_size, tuple(first), strings, chunks)


@attrs.frozen
class TextChunk(Chunk):
    """Rows that were lines of text.

    Attributes:
        position: See `Chunk`.
        digest: See `Chunk`.
        name: The file name for messages.
        rows: The number of each row's first line, and its values by column.
    """

    position: int
    digest: str
    name: str
    rows: Sequence[Row]

    def __len__(self) -> int:
        return len(self.rows)

    def kinds(self) -> dict[str, str]:
        """Return every column of any row, and the kind of its values."""
        found: dict[str, str] = {}
        for _, record in self.rows:
            for name, value in record.items():
                found[name] = merge_kinds(found.get(name, NULL), kind_of(value))
        return found

    def texts(self, column: str) -> list[str]:
        """Return a column of strings."""
        return [self._text(number, record, column) for number, record in self.rows]

    def _text(self, number: int, record: dict[str, Any], column: str) -> str:
        value = record.get(column)
        if isinstance(value, str):
            return value
        where = f"Line {number} of {self.name}"
        if value is None:
            has = f"has null for {column!r}" if column in record else f"has no {column!r}"
            raise InputError(f"{where} {has}. Every row needs a text, even an empty one. Fix or remove the line.")
        raise InputError(f"{where} has {value!r} for {column!r}, which is not a string.")

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows."""
        return (dict(record) for _, record in self.rows)


class _Lines:
    """Iterator over the lines of a file, which decompresses, decodes, counts and hashes them.

    Attributes:
        name: The file name for messages.
        number: The number of the last line, from 1.
        pending: The bytes since the last `take_digest`.
    """

    def __init__(self, path: Path, gzipped: bool) -> None:
        self.name = repr(str(path))
        self.number = self.pending = 0
        self._hash = hashlib.blake2b(digest_size=16)
        self._raw = path.open("rb")
        self._file = gzip.GzipFile(fileobj=self._raw) if gzipped else self._raw

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        try:
            line = self._file.readline(_LONGEST_LINE + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{self.name} cannot be read beyond line {self.number}: {error}.") from error
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > _LONGEST_LINE:
            raise InputError(f"Line {self.number} of {self.name} is longer than {_LONGEST_LINE >> 20} MiB.")
        self._hash.update(line)
        self.pending += len(line)
        try:
            return line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"Line {self.number} of {self.name} is not UTF-8: {error.reason}. Save the file as UTF-8."
            ) from error

    @property
    def position(self) -> int:
        """The number of bytes read from the file."""
        return self._raw.tell()

    def take_digest(self) -> str:
        """Return the hash of the lines since the last call."""
        digest, self._hash, self.pending = self._hash.hexdigest(), hashlib.blake2b(digest_size=16), 0
        return digest

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._raw.close()


def _rows(lines: _Lines, format: Format) -> tuple[tuple[str, ...] | None, Iterator[Row]]:  # noqa: A002
    """Return the names in the header of a CSV file, and an iterator over the rows of either format."""
    if format.name == "jsonl":
        return None, ((lines.number, _object(line, lines)) for line in lines if line.strip())
    cells = _cells(lines, format.delimiter)
    header = tuple(next(cells, (0, []))[1])
    if not header:
        raise InputError(f"{lines.name} is empty. The first line of a CSV file must name its columns.")
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{lines.name} has two columns {twice!r}. Rename one of them.")
    return header, _csv_rows(cells, header, lines)


def _cells(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line number and the cells of every row, without blank lines."""
    csv.field_size_limit(_LONGEST_LINE)  # process-wide, but nothing else reads CSV; the default is 128 KiB
    # Strict, or a quote that is never closed would swallow the rest of the file silently.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
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


def _csv_rows(rows: Iterator[tuple[int, list[str]]], header: tuple[str, ...], lines: _Lines) -> Iterator[Row]:
    for number, cells in rows:
        if len(cells) != len(header):
            raise InputError(
                f"Line {number} of {lines.name} has {len(cells)} cells, but the first line names {len(header)} "
                "columns. A cell that contains the delimiter must be in double quotes."
            )
        yield number, dict(zip(header, cells, strict=True))


def _object(line: str, lines: _Lines) -> dict[str, Any]:
    where = f"Line {lines.number} of {lines.name}"
    try:
        value = json.loads(line)
        if "\\ud" in line or "\\uD" in line:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{where} contains half of a surrogate pair, which is not valid text.") from None
    except (ValueError, RecursionError) as error:
        what = f"{error.msg} at column {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else error
        raise InputError(f"{where} is not valid JSON: {what}.") from error
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise InputError(f'{where} holds a JSON {kind}. Every line must be an object, such as {{"text": "…"}}.')
    return value


@contextlib.contextmanager
def write_text(path: Path, format: Format, columns: Sequence[str]) -> Iterator[Write]:  # noqa: A002
    """Yield the function that writes chunks to a CSV or JSON Lines file; equal rows always make equal bytes.

    Args:
        path: The file.
        format: Its format.
        columns: The columns of a CSV file.
    """
    with contextlib.ExitStack() as stack:
        raw: Any = stack.enter_context(path.open("wb"))
        if format.gzipped:  # without the name and the time that gzip would store
            raw = stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0))
        file = stack.enter_context(io.TextIOWrapper(raw, encoding="utf-8", newline=""))
        yield _jsonl_writer(file) if format.name == "jsonl" else _csv_writer(file, format.delimiter, columns)


def _jsonl_writer(file: IO[str]) -> Write:
    def write(chunk: Chunk, added: Columns) -> None:
        for record in _joined(chunk, added):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    return write


def _csv_writer(file: IO[str], delimiter: str, columns: Sequence[str]) -> Write:
    plain: Any = {"delimiter": delimiter, "lineterminator": "\n"}
    unquoted, quoted = csv.writer(file, **plain), csv.writer(file, **plain, quoting=csv.QUOTE_ALL)

    def write_row(cells: Sequence[Any]) -> None:
        # Readers end a line at a lone carriage return, but Python's writer does not quote it.
        lone = any("\r" in cell for cell in cells if isinstance(cell, str))
        (quoted if lone else unquoted).writerow(cells)

    def write(chunk: Chunk, added: Columns) -> None:
        for record in _joined(chunk, added):
            write_row([_cell(record.get(name)) for name in columns])

    write_row(columns)
    return write


def _joined(chunk: Chunk, added: Columns) -> Iterator[dict[str, Any]]:
    for record, values in zip(chunk.records(), zip(*added.values(), strict=True), strict=True):
        record.update(zip(added, values, strict=True))
        yield record


def _cell(value: Any) -> Any:
    """Return text as it is, nothing for null, and other values as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, (str, float)) else json.dumps(value, ensure_ascii=False)
