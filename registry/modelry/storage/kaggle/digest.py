"""The MD5 sum that Kaggle tells of each file, as Google's storage writes it."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

from modelry.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MD5 = re.compile(r"(?:^|[,\s])md5=([A-Za-z0-9+/]{22}==)(?:$|[,\s])")


class DamagedOnTheWay(OSError):
    """What came is not what was sent."""


def checked(chunks: Iterator[Any], headers: Mapping[str, str], name: str) -> Iterator[bytes]:
    """Yield the chunks of a file, the last one only if all are what the headers say; so no wrong file is ever whole.

    Raises:
        StorageError: The headers say nothing: the listing has no digests, so nothing else could show a wrong bit.
        DamagedOnTheWay: They are not.
    """
    expected = md5_of(headers)
    if expected is None:
        raise StorageError(
            f"Kaggle sent {name!r} without its MD5 sum, so it cannot be checked. Does a proxy on the way take "
            "the header 'x-goog-hash' off?"
        )
    return _checked(chunks, expected, name)


def md5_of(headers: Mapping[str, str]) -> bytes | None:
    """Return the MD5 sum that the headers of a reply tell; `None` if they tell none."""
    found = _MD5.search(headers.get("x-goog-hash", ""))
    return None if found is None else base64.b64decode(found[1])


def _checked(chunks: Iterator[Any], expected: bytes, name: str) -> Iterator[bytes]:
    digest, held = hashlib.md5(usedforsecurity=False), b""
    for chunk in chunks:
        if held:
            yield held
        digest.update(chunk)
        held = chunk
    if digest.digest() != expected:
        raise DamagedOnTheWay(f"{name!r} was damaged on its way from Kaggle: its MD5 sum is another")
    if held:
        yield held
