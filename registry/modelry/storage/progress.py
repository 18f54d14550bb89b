"""A bar for a file that takes a while to fetch, where a person watches."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_WORTH_SHOWING = 2**20
"""Bytes; smaller files are here before a bar could be read."""


class Progress:
    """Shows how much of a file is here, on standard error if that is a terminal; else shows nothing.

    Args:
        name: What is fetched.
        size: Its size in bytes, if known.
        start: How many of them are here already.
    """

    def __init__(self, name: str, size: int | None, start: int) -> None:
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        if sys.stderr is not None and sys.stderr.isatty() and (size is None or size >= _WORTH_SHOWING):
            self._begin(name, size, start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def restart(self, position: int) -> None:
        """Show that so many bytes are here, more or less than before."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=position)

    def advance(self, count: int) -> None:
        """Show that so many more bytes are here."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)

    def _begin(self, name: str, size: int | None, start: int) -> None:
        from rich.console import Console
        from rich.errors import LiveError
        from rich.markup import escape
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as Bar

        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
        bar = Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True))
        with contextlib.suppress(LiveError):  # somebody shows a bar of their own
            bar.start()
            self._bar, self._task = bar, bar.add_task(escape(name), total=size, completed=start)
