"""How classified texts are printed, chunk by chunk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import attrs

from modelry.cli.output import add_row, is_terminal, new_table, print_json, print_row, print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelry.cli.added import Added
    from modelry.cli.inputs import Row

    Scores = list[tuple[str, float]]  # the best labels of a text
    Printer = Callable[[Sequence[Row], Sequence[Scores]], None]

_WIDEST_LABEL = 32  # characters


def printer(labels: Sequence[str], added: Added | None = None) -> Printer:
    """Return the function that prints one chunk after the other.

    Args:
        labels: All that can come up; a table that is printed in pieces needs to know their widths beforehand.
        added: To print JSON Lines: what each object has beside its texts.
    """
    if added is not None:
        return _Objects(added)
    return _Tables(labels) if is_terminal() else _print_lines


@attrs.frozen
class _Objects:
    """Prints every text as an object."""

    added: Added

    def __call__(self, rows: Sequence[Row], scores: Sequence[Scores]) -> None:
        columns = self.added.columns(scores)
        for row, *values in zip(rows, *columns.values(), strict=True):
            texts = dict(zip(("text", "text_pair"), row, strict=False))
            print_json({**texts, **dict(zip(columns, values, strict=True))}, indent=None)
        sys.stdout.flush()


def _print_lines(rows: Sequence[Row], scores: Sequence[Scores]) -> None:
    for row, best in zip(rows, scores, strict=True):
        for cells in _cells(best):
            print_row((*cells, *row))
    sys.stdout.flush()


def _cells(best: Scores) -> list[tuple[str, str]]:
    """Return each label with its score; a text without labels has a line all the same, or it would be lost."""
    return [(label, f"{score:.4f}") for label, score in best] or [("", "")]


class _Tables:
    """Prints every chunk as a table, and the header on top of the first."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._width = min(_WIDEST_LABEL, max(map(len, ("Label", *labels))))
        self._started = False

    def __call__(self, rows: Sequence[Row], scores: Sequence[Scores]) -> None:
        table = new_table(show_header=not self._started)
        table.add_column("Label", width=self._width, overflow="ellipsis", no_wrap=True)
        table.add_column("Score", min_width=6)
        for name in ("Text", "Second text")[: len(rows[0])]:
            table.add_column(name, ratio=1, overflow="fold")
        for row, best in zip(rows, scores, strict=True):
            texts: tuple[str, ...] = row
            for cells in _cells(best):
                add_row(table, (*cells, *texts))
                texts = ()  # beside its further labels a text is not repeated
        print_table(table)
        self._started = True
