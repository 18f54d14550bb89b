"""What all formats have in common: a table, and some consecutive rows of it."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from modelry.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

ROWS = 8192
BYTES = 64 << 20
"""A chunk has as many rows, or fewer if they are larger than as many bytes: where it ends depends on the rows alone."""


class Chunk(abc.ABC):
    """Some consecutive rows of a table.

    Attributes:
        digest: A hash of all that the rows hold; equal for equal rows.
        position: How far into the table its end is, in the unit of `Table.size`.
    """

    digest: str
    position: int

    @abc.abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    @abc.abstractmethod
    def kinds(self) -> Mapping[str, str]:
        """Return the columns and the kind of their values; see `kinds`."""

    @abc.abstractmethod
    def texts(self, column: str) -> list[str]:
        """Return a column of strings.

        Raises:
            InputError: A row has none; the message names it.
        """

    @abc.abstractmethod
    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as JSON objects."""

    @abc.abstractmethod
    def arrow(self, kinds: Mapping[str, str]) -> Any:
        """Return the rows as a `pyarrow.Table` with these columns."""


class Table(abc.ABC):
    """A file of rows. What can be wrong with it as a whole is found when it is opened.

    Attributes:
        path: Where it lies.
        size: Its length, to measure progress with.
        columns: The columns; of a format where each row has its own, those of the first.
        text_columns: Those of them that hold strings.
        schema: The `pyarrow.Schema` of a format that has one.
    """

    path: Path
    size: int
    columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    schema: Any = None

    @abc.abstractmethod
    def chunks(self) -> Generator[Chunk]:
        """Yield all rows, from the first, in chunks.

        Raises:
            InputError: A row cannot be read; the message names it.
        """


def text_column(table: Table, asked: str | None, but: str | None = None) -> str:
    """Return the column that holds the texts: the one asked for, `text`, or the only one of strings.

    Args:
        table: The table.
        asked: What the user says.
        but: A column that has another use.

    Raises:
        InputError: There is none, or several.
    """
    found = ", ".join(map(repr, table.columns)) or "none"
    if asked is not None:
        if asked in table.columns or not table.columns:
            return asked
        raise InputError(
            f"{str(table.path)!r} has no column {asked!r}.{did_you_mean(asked, table.columns)} It has: {found}."
        )
    candidates = [column for column in table.text_columns if column != but]
    if "text" in candidates or not table.columns:
        return "text"
    if len(candidates) == 1:
        return candidates[0]
    raise InputError(
        f"{str(table.path)!r} does not say which of its columns holds the texts. Name it with --text-column; "
        f"it has: {found}."
    )
