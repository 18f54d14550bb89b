"""Texts from arguments, or from standard input as they arrive."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Row = tuple[str, ...]  # one text, or two that belong together

_BLOCK = 1 << 20  # bytes


def from_arguments(texts: Sequence[str], pair: bool) -> list[Row]:
    """Return the arguments as rows: one pair, or any number of single texts.

    Raises:
        InputError: A text is not UTF-8.
    """
    for text in texts:
        if any("\ud800" <= character <= "\udfff" for character in text):  # how Python keeps bytes it cannot decode
            raise InputError(f"The text {text!r} is not UTF-8.")
    return [tuple(texts)] if pair else [(text,) for text in texts]


def from_stdin(size: int, pair: bool) -> Iterator[list[Row]]:
    """Yield the rows of standard input, a line each, in chunks of at most `size`.

    A chunk holds the lines that have arrived so far rather than a fixed number, so a slow writer gets its results at
    once, and a long file does not have to be read first.

    Raises:
        InputError: A line is not UTF-8 or, with `pair`, does not hold two texts.
    """
    if sys.stdin is None:
        raise InputError("There is no TEXT, and standard input is closed.")
    lines = 0
    for block in _blocks(sys.stdin.buffer):
        for start in range(0, len(block), size):
            chunk = block[start : start + size]
            yield [_row(line, lines + number, pair) for number, line in enumerate(chunk, start=1)]
            lines += len(chunk)


def _blocks(stream: Any) -> Iterator[list[bytes]]:
    rest = b""
    while block := stream.read1(_BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        yield lines
    if rest:
        yield [rest]


def _row(line: bytes, number: int, pair: bool) -> Row:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise InputError(f"Line {number} of standard input is not UTF-8: {error.reason}.") from error
    if not pair:
        return (text,)
    row = tuple(text.split("\t"))
    if len(row) != 2:
        raise InputError(
            f"Line {number} of standard input has {len(row) - 1} tabs. With --pair it must have one, between two texts."
        )
    return row
