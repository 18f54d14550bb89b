"""What says on the terminal how far the work is; nothing where nobody would see it."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(message: str, wanted: bool = True) -> Iterator[Callable[[str], None]]:
    """Show a message while the block runs, and give it a function that replaces the message."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda message: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(message)) as status:
        yield lambda message: status.update(escape(message))


class Bar:
    """A bar for work whose length is known; one without a display shows nothing."""

    def __init__(self, display: Any = None) -> None:
        self._display = display
        self._task: Any = None
        self._began = 0.0

    def begin(self, message: str, total: int | None) -> None:
        """Begin with another step, of `total` units, or with one of unknown length."""
        self._began = time.monotonic()
        if self._display is not None:
            from rich.markup import escape

            if self._task is not None:
                self._display.remove_task(self._task)
            self._task = self._display.add_task(escape(message), total=total, texts="")

    def update(self, done: int, texts: int, new: int | None = None) -> None:
        """Show how far the step is.

        Args:
            done: The units that are done.
            texts: The texts that are done.
            new: Those that this step has done itself, to tell its speed; by default all of them.
        """
        if self._display is not None:
            speed = (texts if new is None else new) / max(time.monotonic() - self._began, 1e-9)
            told = f"{texts:,} texts" + (f", {speed:,.0f}/s" if speed else "")
            self._display.update(self._task, completed=done, texts=told)

    def stop(self) -> None:
        """Take the bar off the terminal."""
        if self._display is not None:
            self._display.stop()


@contextlib.contextmanager
def bar() -> Iterator[Bar]:
    """Show a bar while the block runs."""
    if not sys.stderr.isatty():
        yield Bar()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[texts]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        yield Bar(display)
