"""JSON Lines: an object on every line, each with keys of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelry.errors import InputError
from modelry.tables.chunk import Table
from modelry.tables.lines import Lines
from modelry.tables.records import chunked

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from modelry.tables.formats import Format
    from modelry.tables.records import Records, Row


class JsonlTable(Table):
    """A file of JSON objects; `columns` are the keys of the first."""

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002
        self.path = path
        self.size = path.stat().st_size
        self._format = format
        lines = Lines(path, format.gzipped)
        try:
            first = next(_records(lines), (0, {}))[1]
        finally:
            lines.close()
        self.columns = tuple(first)
        self.text_columns = tuple(name for name, value in first.items() if isinstance(value, str))

    def chunks(self) -> Generator[Records]:
        """Yield all rows."""
        lines = Lines(self.path, self._format.gzipped)
        return chunked(_records(lines), lines)


def _records(lines: Lines) -> Iterator[Row]:
    for line in lines:
        if line.strip():
            yield lines.number, _object(line, lines)


def _object(line: str, lines: Lines) -> dict[str, Any]:
    try:
        value = json.loads(line)
        if "\\ud" in line or "\\uD" in line:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(
            f"Line {lines.number} of {lines.name} holds half of a surrogate pair, which is no text."
        ) from None
    except (ValueError, RecursionError) as error:
        what = f"{error.msg} at column {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else error
        raise InputError(f"Line {lines.number} of {lines.name} is not valid JSON: {what}.") from error
    if not isinstance(value, dict):
        raise InputError(
            f"Line {lines.number} of {lines.name} holds a JSON {type(value).__name__}. "
            'Every line must be an object, such as {"text": "…"}.'
        )
    return value
