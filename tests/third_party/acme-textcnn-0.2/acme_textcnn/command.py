"""`modelry count-characters`."""

from typing import Annotated

import typer
from modelry.errors import InputError


def count(texts: Annotated[list[str], typer.Argument(help="The texts.")]) -> None:
    """Count the characters of texts."""
    if "" in texts:
        raise InputError("A text is empty. Pass texts with characters in them.")
    for text in texts:
        typer.echo(f"{len(text)}\t{text}")
