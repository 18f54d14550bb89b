"""Progress on the terminal; nothing is shown where standard error is not a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(message: str, wanted: bool = True) -> Iterator[Callable[[str], None]]:
    """Show a message while the block runs, and yield a function that replaces it."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda message: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(message)) as status:
        yield lambda message: status.update(escape(message))


class Bar:
    """A progress bar for work of known length; without a display it shows nothing."""

    def __init__(self, display: Any = None) -> None:
        self._display = display
        self._task: Any = None
        self._started = 0.0

    def start(self, message: str, total: int | None) -> None:
        """Start the next step, of `total` units, or of unknown length if that is `None`."""
        self._started = time.monotonic()
        if self._display is not None:
            from rich.markup import escape

            if self._task is not None:
                self._display.remove_task(self._task)
            self._task = self._display.add_task(escape(message), total=total, texts="")

    def update(self, done: int, rows: int, new: int | None = None) -> None:
        """Show the progress of the step.

        Args:
            done: Units done.
            rows: Rows done, each with a text.
            new: Rows that this step has done itself, for its speed; all by default.
        """
        if self._display is not None:
            speed = (rows if new is None else new) / max(time.monotonic() - self._started, 1e-9)
            count = f"{rows:,} texts" + (f", {speed:,.0f}/s" if speed else "")
            self._display.update(self._task, completed=done, texts=count)

    def stop(self) -> None:
        """Remove the bar from the terminal."""
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
