"""Bars for files that take a while to fetch, one for each and one for all, where a person watches."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_WORTH_SHOWING = 2**20
"""Bytes; less is here before a bar could be read."""


class _Display:
    """The bars of all files that this process fetches, on standard error if that is a terminal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bars: Bars | None = None
        self._shown = 0
        self.total: TaskID | None = None

    def add(self, name: str, size: int | None, start: int) -> TaskID | None:
        """Show another bar; return `None` if there is nobody to see it."""
        if sys.stderr is None or not sys.stderr.isatty() or (size is not None and size < _WORTH_SHOWING):
            return None
        from rich.markup import escape

        with self._lock:
            if self._bars is None:
                self._bars = _started()
            if self._bars is None:
                return None
            self._shown += 1
            return self._bars.add_task(escape(name), total=size, completed=start)

    def remove(self) -> None:
        """One bar is at its end; with the last of them all leave the terminal as they are."""
        with self._lock:
            self._shown -= 1
            if self._shown == 0 and self._bars is not None:
                self._bars.stop()
                self._bars = None

    def move(self, task: TaskID, position: int) -> None:
        """Show that so many bytes are here, more or less than before."""
        if self._bars is not None:
            self._bars.update(task, completed=position)

    def advance(self, task: TaskID, count: int) -> None:
        """Show that so many more bytes are here, or fewer."""
        if self._bars is not None:
            self._bars.advance(task, count)


_display = _Display()


class Progress:
    """Shows how much of a file is here.

    Args:
        name: What is fetched.
        size: Its size in bytes, if known.
        start: How many of them are here already.
    """

    def __init__(self, name: str, size: int | None, start: int) -> None:
        self._task = _display.add(name, size, start)
        self._position = 0
        self._add_to_total(start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            _display.remove()

    def restart(self, position: int) -> None:
        """Show that so many bytes are here, more or less than before."""
        if self._task is not None:
            _display.move(self._task, position)
        self._add_to_total(position - self._position)

    def advance(self, count: int) -> None:
        """Show that so many more bytes are here."""
        if self._task is not None:
            _display.advance(self._task, count)
        self._add_to_total(count)

    def _add_to_total(self, count: int) -> None:
        self._position += count
        if _display.total is not None:
            _display.advance(_display.total, count)


@contextlib.contextmanager
def sending(name: str, size: int) -> Iterator[Callable[[int], None]]:
    """Show how much of a file has been sent: nothing of it, if the block fails. Yields what to tell each step in bytes.

    Args:
        name: What is sent.
        size: Its size in bytes.
    """
    with Progress(name, size, 0) as progress:
        sent = 0
        try:
            yield progress.advance
            sent = size
        finally:
            progress.restart(sent)


@contextlib.contextmanager
def total(sizes: Sequence[int | None]) -> Iterator[None]:
    """Show one more bar for files of these sizes while they are fetched, if they are several of known sizes."""
    known = [size for size in sizes if size is not None]
    task = None
    if len(sizes) > 1 and len(known) == len(sizes) and _display.total is None:
        task = _display.total = _display.add(f"{len(sizes)} files", sum(known), 0)
    try:
        yield
    finally:
        if task is not None:
            _display.total = None
            _display.remove()


def _started() -> Bars | None:
    from rich.console import Console
    from rich.errors import LiveError
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    bars = Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True))
    try:
        bars.start()
    except LiveError:  # somebody shows a bar of their own
        return None
    return bars
