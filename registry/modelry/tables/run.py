"""A run over a table: read rows, compute columns, write the rows with these columns; resumes after an interruption."""

from __future__ import annotations

import itertools
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from modelry._prefetch import prefetch
from modelry.errors import InputError
from modelry.tables.resume import ChunkResult
from modelry.tables.table import NULL, format_of, merge_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from modelry.tables.resume import PartialResults
    from modelry.tables.table import Chunk, Columns, Table, Writer

_RESTORE = "Restore the file, or run with --restart to start over."


def open_table(path: Path) -> Table:
    """Open a file of rows, and check its beginning.

    Raises:
        InputError: The file does not exist, its name has no known ending, or its beginning is not of that format.
        PluginError: The format needs a package that is not installed.
    """
    format = format_of(path)  # noqa: A001
    if not path.is_file():
        problem = "is not a regular file, and it has to be read twice" if path.exists() else "does not exist"
        raise InputError(f"{str(path)!r} {problem}.")
    try:
        if format.name == "parquet":
            from modelry.tables.parquet import open_parquet

            return open_parquet(path)
        from modelry.tables.text import open_text

        return open_text(path, format)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error


def open_writer(
    path: Path, named: Path, columns: Mapping[str, str], added: Mapping[str, str], schema: Any = None
) -> Writer:
    """Return a context manager that writes a file, and yields the function that writes a chunk.

    Args:
        path: The file to write.
        named: The path whose name tells the format.
        columns: The columns of the rows, and their kinds.
        added: The columns that follow, and their kinds.
        schema: The `pyarrow.Schema` of the rows, where they have one.

    Raises:
        PluginError: The format needs a package that is not installed.
    """
    format = format_of(named)  # noqa: A001
    if format.name == "parquet":
        from modelry.tables.parquet import write_parquet

        return write_parquet(path, columns, added, schema)
    from modelry.tables.text import write_text

    return write_text(path, format, [*columns, *added])


class Progress(Protocol):
    """A display of the progress; see `modelry._progress.Bar`."""

    def start(self, message: str, total: int | None) -> None:
        """Start the next step, of `total` units."""

    def update(self, done: int, rows: int, new: int | None = None) -> None:
        """Show the units and the rows that are done, and how many rows of them this step has done itself."""


@attrs.frozen
class Addition:
    """Columns to add to a table.

    Attributes:
        kinds: Their names, without the prefix, and the kinds of their values.
        load: Returns the function from rows to the values of these columns; called once, if a chunk needs it.
        action: The step for progress bars, such as "Classifying".
        prefix: A prefix of all names. It may differ between the runs of one work.
    """

    kinds: Mapping[str, str]
    load: Callable[[], Callable[[Chunk], Columns]]
    action: str
    prefix: str = ""

    def check(self, columns: Iterable[str], where: str) -> None:
        """Check that no column of the table has one of the names.

        Raises:
            InputError: One has.
        """
        taken = next((name for name in columns if name in self.prefixed(self.kinds)), None)
        if taken is not None:
            raise InputError(
                f"{where} already has a column {taken!r}. Give the added columns other names with --prefix, "
                f"such as --prefix predicted_ for {f'predicted_{taken}'!r}."
            )

    def prefixed(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns under their final names."""
        return {f"{self.prefix}{name}": values for name, values in columns.items()}


class TableRun:
    """The two passes over a table: compute, then write. Only results are kept in between, so rows are read twice.

    Args:
        table: The table.
        addition: The columns to add, after a `check`.
        results: The results of this work, started.
        progress: The display of the progress.

    Attributes:
        rows: The number of rows that are done.
        resumed: How many of them an earlier run has done.
    """

    def __init__(self, table: Table, addition: Addition, results: PartialResults, progress: Progress) -> None:
        self.rows = self.resumed = 0
        self._table = table
        self._addition = addition
        self._results = results
        self._progress = progress
        self._kinds = dict.fromkeys(table.columns, NULL)
        self._function: Callable[[Chunk], Columns] | None = None

    def compute(self) -> None:
        """Compute the columns of all chunks that are not done, and check that the rows of the others are unchanged.

        Raises:
            InputError: They have changed, or a row cannot be used. Earlier results are kept.
        """
        done, finished = self._results.count, 0
        self._progress.start("Checking earlier results" if done else self._addition.action, self._table.size)
        try:
            for chunk in _prefetched(self._table):
                if finished < done:
                    result = self._result(finished, chunk, self.rows)
                    self.resumed += len(chunk)
                else:
                    result = self._compute(chunk)
                    self._results.save(result)
                finished += 1
                self.rows += len(chunk)
                self._kinds = merge_columns((self._kinds, result.columns))
                self._progress.update(chunk.position, self.rows, self.rows - self.resumed)
        except InputError as error:
            if finished < done:
                raise
            raise InputError(f"{error} {self.kept}") from error
        if finished < done:
            raise InputError(
                f"{self._table.name} ends before row {self.rows + 1:,}, which an earlier run has done. {_RESTORE}"
            )

    def write(self, made: Path, output: Path) -> None:
        """Write the rows and the added columns to the file `made`, in the format of `output`.

        Raises:
            InputError: Rows have changed since `compute`.
        """
        self._progress.start("Writing", self._table.size)
        kinds = self._addition.prefixed(self._addition.kinds)
        written = number = 0
        with open_writer(made, output, self._kinds, kinds, self._table.schema) as write:
            for number, chunk in enumerate(_prefetched(self._table), start=1):
                result = self._result(number - 1, chunk, written)
                write(chunk, self._addition.prefixed(result.added))
                written += len(chunk)
                self._progress.update(chunk.position, written)
        if number != self._results.count:
            raise InputError(f"{self._table.name} has become shorter during the run. {_RESTORE}")

    @property
    def kept(self) -> str:
        """The message about results that are kept when a run ends early."""
        if not self.rows:
            return "Nothing was done yet."
        return f"The results of {self.rows:,} rows are kept; run the same command to continue."

    def _compute(self, chunk: Chunk) -> ChunkResult:
        kinds = chunk.kinds()
        self._addition.check(kinds, self._table.name)
        if self._function is None:
            self._function = self._addition.load()
            self._progress.start(self._addition.action, self._table.size)
        return ChunkResult(chunk.digest, kinds, self._function(chunk))

    def _result(self, number: int, chunk: Chunk, before: int) -> ChunkResult:
        """Return the results of a chunk that follows `before` rows, if its rows are unchanged."""
        result = self._results.load(number) if number < self._results.count else None
        if result is None or result.digest != chunk.digest:
            rows = f"rows {before + 1:,} to {before + len(chunk):,}"
            raise InputError(f"{self._table.name} has changed: {rows} differ from those already done. {_RESTORE}")
        return result


def _prefetched(table: Table) -> Iterator[Chunk]:
    """Yield the chunks of a table, while a thread reads the next one."""
    with closing(table.chunks()) as chunks, closing(prefetch(lambda _: next(chunks, None), itertools.count())) as ahead:
        for chunk in ahead:
            if chunk is None:
                return
            yield chunk
            del chunk  # frees its memory before the next one is complete
