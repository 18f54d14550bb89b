"""Progress on the terminal: bars and messages on standard error, and nothing where it is not a terminal."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_WORTH_SHOWING = 2**20
"""Bytes; less has come before anybody could read a bar."""


def is_watched() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextlib.contextmanager
def progress(message: str, wanted: bool = True) -> Iterator[Callable[[str], None]]:
    """Show a message while the block runs, and yield a function that replaces the message."""
    if not (wanted and is_watched()):
        yield lambda message: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(message)) as shown:
        yield lambda message: shown.update(escape(message))


def _bars(*columns: Any, transient: bool = False) -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    described = TextColumn("{task.description}"), BarColumn()
    return Progress(*described, *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=transient)


class Bar:
    """A bar for texts of a known number; without a display it shows nothing."""

    def __init__(self, display: Bars | None = None) -> None:
        self._display = display
        self._task: TaskID | None = None
        self._started = 0.0

    def start(self, message: str, total: int | None) -> None:
        """Start the next step, of `total` units, or of unknown length."""
        self._started = time.monotonic()
        if self._display is not None:
            from rich.markup import escape

            if self._task is not None:
                self._display.remove_task(self._task)
            self._task = self._display.add_task(escape(message), total=total, texts="")

    def update(self, done: int, texts: int, new: int | None = None) -> None:
        """Show how far the step is.

        Args:
            done: Units that are done.
            texts: Texts that are done.
            new: Texts that this step has done itself, for its speed; by default all of them.
        """
        if self._display is not None and self._task is not None:
            speed = (texts if new is None else new) / max(time.monotonic() - self._started, 1e-9)
            shown = f"{texts:,} texts" + (f", {speed:,.0f}/s" if speed else "")
            self._display.update(self._task, completed=done, texts=shown)

    def stop(self) -> None:
        """Take the bar off the terminal."""
        if self._display is not None:
            self._display.stop()


@contextlib.contextmanager
def bar() -> Iterator[Bar]:
    """Show a bar while the block runs."""
    if not is_watched():
        yield Bar()
        return
    from rich.progress import TaskProgressColumn, TextColumn

    with _bars(TaskProgressColumn(), TextColumn("{task.fields[texts]}"), transient=True) as display:
        yield Bar(display)


class _Transfers:
    """The bars of all files that this process fetches or sends; shared, since they come from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._display: Bars | None = None
        self._shown = 0
        self.total: TaskID | None = None

    def add(self, name: str, size: int | None, start: int) -> TaskID | None:
        """Show another bar; return `None` if nobody would see it."""
        if not is_watched() or (size is not None and size < _WORTH_SHOWING):
            return None
        from rich.errors import LiveError
        from rich.markup import escape
        from rich.progress import DownloadColumn, TransferSpeedColumn

        with self._lock:
            if self._display is None:
                display = _bars(DownloadColumn(), TransferSpeedColumn())
                try:
                    display.start()
                except LiveError:  # the caller shows a bar of its own
                    return None
                self._display = display
            self._shown += 1
            return self._display.add_task(escape(name), total=size, completed=start)

    def remove(self) -> None:
        """Count a bar as finished; after the last one the display stops, and leaves the bars on the terminal."""
        with self._lock:
            self._shown -= 1
            if self._shown == 0 and self._display is not None:
                self._display.stop()
                self._display = None

    def update(self, task: TaskID, **change: int) -> None:
        """Set the bytes that have come with `completed=`, or add to them with `advance=`."""
        if (display := self._display) is not None:
            display.update(task, **change)  # type: ignore[arg-type] # one signature for all of rich's fields


_transfers = _Transfers()


class Transfer:
    """Shows how much of a file has come.

    Args:
        name: The file.
        size: Its size in bytes, if known.
        start: Bytes that are here already.
    """

    def __init__(self, name: str, size: int | None, start: int) -> None:
        self._task = _transfers.add(name, size, start)
        self._position = 0
        self._add_to_total(start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            _transfers.remove()

    def restart(self, position: int) -> None:
        """Show that so many bytes are here, more or fewer than before."""
        if self._task is not None:
            _transfers.update(self._task, completed=position)
        self._add_to_total(position - self._position)

    def advance(self, count: int) -> None:
        """Show that so many more bytes are here."""
        if self._task is not None:
            _transfers.update(self._task, advance=count)
        self._add_to_total(count)

    def _add_to_total(self, count: int) -> None:
        self._position += count
        if _transfers.total is not None:
            _transfers.update(_transfers.total, advance=count)


@contextlib.contextmanager
def sending(name: str, size: int) -> Iterator[Callable[[int], None]]:
    """Show how much of a file has been sent, and yield a function to call with each number of bytes sent.

    If the block fails, the bar goes back to the start, for the next try.

    Args:
        name: The file.
        size: Its size in bytes.
    """
    with Transfer(name, size, 0) as transfer:
        sent = 0
        try:
            yield transfer.advance
            sent = size
        finally:
            transfer.restart(sent)


@contextlib.contextmanager
def total(sizes: Sequence[int | None]) -> Iterator[None]:
    """Show one more bar for all files together while they come, if there are several, all of known sizes."""
    known = [size for size in sizes if size is not None]
    task = None
    if len(sizes) > 1 and len(known) == len(sizes) and _transfers.total is None:
        task = _transfers.total = _transfers.add(f"{len(sizes)} files", sum(known), 0)
    try:
        yield
    finally:
        if task is not None:
            _transfers.total = None
            _transfers.remove()
