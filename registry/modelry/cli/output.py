"""Output of commands: tables for people, tab-separated lines for pipes, JSON for programs."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table

Row = tuple[str, str, bool]
"""A row of a grid: name, value, and whether the value is a problem."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_terminal() -> bool:
    """Return whether a person is likely to read standard output."""
    return sys.stdout.isatty()


def printable(text: str) -> str:
    r"""Return `text` with control characters written as Python would, `\t` or `\x1b`.

    Texts and the names in a preset come from strangers: they must not break lines or control a terminal.
    """
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def print_json(value: Any, indent: int | None = 2) -> None:
    """Print a JSON value, on one line with `indent=None`."""
    write_line(json.dumps(value, indent=indent, ensure_ascii=False))


def print_row(cells: Iterable[str]) -> None:
    """Print one line of tab-separated cells."""
    write_line("\t".join(map(printable, cells)))


def write_line(line: str) -> None:
    """Print a line, with escape sequences for characters that the encoding of standard output lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(f"{line}\n".encode(encoding, "backslashreplace").decode(encoding))


def new_table(*columns: str, **options: Any) -> Table:
    """Return an empty table in the one style that all commands share."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), **options)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def add_row(table: Table, cells: Sequence[str], style: str | None = None) -> None:
    """Add a row of plain text, in which square brackets have no meaning."""
    from rich.text import Text

    table.add_row(*(Text(printable(cell)) for cell in cells), style=style)


def print_table(table: Table) -> None:
    """Print a table on standard output."""
    from rich.console import Console

    Console(highlight=False).print(table)


def print_grid(rows: Iterable[Row]) -> None:
    """Print rows on standard output; successive rows of one name show it once."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    before = None
    for name, value, wrong in rows:
        grid.add_row("" if name == before else name, Text(printable(value), style="red" if wrong else ""))
        before = name
    print_table(grid)


def print_line(text: str = "", style: str = "") -> None:
    """Print a line on a terminal, not wrapped by rich: half a pip command could not be copied."""
    from rich.console import Console
    from rich.text import Text

    Console(highlight=False).print(Text(printable(text), style), soft_wrap=True)


def print_error(message: str) -> None:
    """Print the error that stopped the command, in red, on standard error."""
    _print_message("Error: ", message, "red")


def print_warning(message: str) -> None:
    """Print a warning, in yellow, on standard error."""
    _print_message("Warning: ", message, "yellow")


def _print_message(label: str, message: str, colour: str) -> None:
    from rich.console import Console
    from rich.text import Text

    # Never wrapped by rich: half a pip command on the next line could not be copied.
    text = Text.assemble((label, f"bold {colour}"), ("\n".join(map(printable, message.splitlines())), colour))
    Console(stderr=True).print(text, soft_wrap=True)
