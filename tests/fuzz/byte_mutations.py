"""Random changes to the bytes of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

EDGES = (
    b"\0",
    b"\1",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\0" * 8,
    b"\xff" * 8,
    b"\xff" * 7 + b"\x7f",
    b"\0\0\0\x80",
    b'"',
    b"{",
)


def mutate_bytes(draw: Random, content: bytes) -> bytes:
    """Return bytes with some of them flipped, overwritten, moved, repeated, inserted, or cut off."""
    found = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        place = draw.randrange(len(found) + 1)
        length = min(draw.choice((1, 2, 4, 8, 64, 512)), len(found) - place)
        draw.choice(CHANGES)(draw, found, place, length)
    return bytes(found)


def _flip(draw: Random, found: bytearray, place: int, length: int) -> None:
    if length:
        found[place] ^= 1 << draw.randrange(8)


def _overwrite(draw: Random, found: bytearray, place: int, length: int) -> None:
    new = draw.choice((*EDGES, draw.randbytes(length)))
    found[place : place + len(new)] = new


def _insert(draw: Random, found: bytearray, place: int, length: int) -> None:
    found[place:place] = draw.choice((*EDGES, draw.randbytes(length)))


def _delete(draw: Random, found: bytearray, place: int, length: int) -> None:
    del found[place : place + length]


def _splice(draw: Random, found: bytearray, place: int, length: int) -> None:
    """Copy a stretch over another, or between two bytes."""
    start = draw.randrange(len(found) + 1)
    found[start : start + draw.choice((0, length))] = found[place : place + length]


def _truncate(draw: Random, found: bytearray, place: int, length: int) -> None:
    del found[place:]


CHANGES: tuple[Callable[[Random, bytearray, int, int], None], ...] = (
    *(_flip, _flip, _flip, _overwrite, _overwrite, _insert, _delete, _splice, _truncate),
)
