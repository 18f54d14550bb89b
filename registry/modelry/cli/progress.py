"""A line on the terminal that says what is going on; nothing where nobody would see it."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

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
