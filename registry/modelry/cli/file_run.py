"""The two passes over a file: classify its chunks, then write its rows with their labels."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from modelry.errors import InputError
from modelry.tables.ahead import ahead
from modelry.tables.kinds import NULL, merge_columns
from modelry.tables.partial import Part
from modelry.tables.write import new_writer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelry._progress import Bar
    from modelry.cli.added import Added
    from modelry.tables.chunk import Chunk, Table
    from modelry.tables.partial import Partial


class FileRun:
    """The work on one file. Rows are read in both passes, so that only their results need to be kept in between.

    Args:
        preset: The reference of the preset.
        table: The file.
        columns: The column of the texts, or those of both texts of pairs.
        added: The columns to add.
        partial: Where the results are kept.
        shown: What shows how far it is.

    Attributes:
        rows: The rows that are done.
        before: Those of them that an earlier run has done.
    """

    def __init__(
        self, preset: str, table: Table, columns: Sequence[str], added: Added, partial: Partial, shown: Bar
    ) -> None:
        self.rows = self.before = 0
        self._preset = preset
        self._table = table
        self._columns = columns
        self._added = added
        self._partial = partial
        self._shown = shown
        self._kinds = dict.fromkeys(table.columns, NULL)
        self._classifier: Any = None

    def classify(self, options: Mapping[str, Any]) -> None:
        """Classify the chunks that are not done, after checking that the others still hold the same rows.

        Args:
            options: Those of `TextClassifier.classify`.

        Raises:
            InputError: They do not, or a row is wrong.
        """
        done = self._partial.count
        finished = 0
        self._shown.begin("Classifying" if not done else "Checking what is done", self._table.size)
        try:
            with closing(ahead(self._table.chunks())) as chunks:
                for chunk in chunks:
                    if finished < done:
                        part = self._done(finished, chunk, self.rows)
                        self.before += len(chunk)
                    else:
                        part = self._classify(chunk, options)
                        self._partial.save(part)
                    finished += 1
                    self.rows += len(chunk)
                    self._kinds = merge_columns((self._kinds, part.columns))
                    self._shown.update(chunk.position, self.rows, self.rows - self.before)
        except InputError as error:
            if finished < done:
                raise
            raise InputError(f"{error} {kept(self.rows)}") from error
        if finished < done:
            raise InputError(f"{self._name} ends before row {self.rows + 1:,}, which an earlier run has done. {_ANEW}")

    def write(self, made: Path, output: Path) -> None:
        """Write the rows with their labels into the file `made`, in the format of `output`."""
        self._shown.begin("Writing", self._table.size)
        added = self._added
        writer = new_writer(made, output, self._kinds, added.kinds(), self._table.schema)
        written = number = 0
        with closing(writer), closing(ahead(self._table.chunks())) as chunks:
            for number, chunk in enumerate(chunks, start=1):
                part = self._done(number - 1, chunk, written)
                writer.write(chunk, added.columns(part.best))
                written += len(chunk)
                self._shown.update(chunk.position, written)
        if number != self._partial.count:
            raise InputError(f"{self._name} has become shorter while it was classified. {_ANEW}")

    def _classify(self, chunk: Chunk, options: Mapping[str, Any]) -> Part:
        kinds = chunk.kinds()
        self._added.check(kinds, self._name)
        texts = tuple(chunk.texts(column) for column in self._columns)
        if self._classifier is None:
            self._shown.begin(f"Loading {self._preset}", None)
            from modelry import TextClassifier

            self._classifier = TextClassifier.from_preset(self._preset, compile=False)
            self._shown.begin("Classifying", self._table.size)
        best = self._classifier.classify(texts if len(texts) > 1 else texts[0], **options)
        return Part(chunk.digest, kinds, best)

    def _done(self, number: int, chunk: Chunk, before: int) -> Part:
        """Return the results of a chunk, which begins after so many rows."""
        part = self._partial.load(number) if number < self._partial.count else None
        if part is None or part.digest != chunk.digest:
            rows = f"rows {before + 1:,} to {before + len(chunk):,}"
            raise InputError(f"{self._name} has changed: {rows} are not those that were classified. {_ANEW}")
        return part

    @property
    def _name(self) -> str:
        return repr(str(self._table.path))


_ANEW = "Put the file back as it was, or run with --restart to begin anew."


def kept(rows: int) -> str:
    """Return what to tell when a run ends early with so many rows done."""
    if not rows:
        return "Nothing was done yet."
    return f"What is done, {rows:,} rows, is kept; the same command goes on from there."
