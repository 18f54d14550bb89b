"""The preprocessor's part of `Task.summary`."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from modelry.preprocessing.preprocessor import Preprocessor

if TYPE_CHECKING:
    from collections.abc import Callable


def print_preprocessor(task: Any, print_fn: Callable[[str], Any] | None = None) -> None:
    """Print a table of the preprocessor: the tokenizer's vocabulary, and how texts are cut and padded.

    Args:
        task: A `Task`.
        print_fn: Called with the text of the table; `None` prints it.
    """
    preprocessor = task.preprocessor
    if preprocessor is None:
        return
    table = Table(title=f'Preprocessor: "{type(preprocessor).__name__}"', title_justify="left", title_style="bold")
    table.add_column("Part")
    table.add_column("Config", justify="right")
    if isinstance(preprocessor, Preprocessor):
        tokenizer = preprocessor.tokenizer
        table.add_row(type(tokenizer).__name__, f"Vocabulary size: {tokenizer.vocabulary_size():,}")
        table.add_row("sequence_length", f"at most {preprocessor.sequence_length:,} tokens")
        table.add_row("padding", preprocessor.padding)
    if print_fn is None:
        Console().print(table)
        return
    text = io.StringIO()
    Console(file=text, width=100).print(table)
    print_fn(text.getvalue())
