"""The names in a listing that came from a network: none may do harm on any system that a preset is copied to."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from modelry.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_FILES = 10_000
"""More files than any preset has."""

_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_names(names: Iterable[str], reference: str) -> None:
    """Check that a listing's names are relative, can be written on any system, and do not fall together on one.

    Raises:
        StorageError: One is not, or there are too many.
    """
    seen: dict[str, str] = {}
    for name in names:
        problem = _problem(name)
        if problem is None:
            twin = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
            problem = None if twin is name else f"is the same as {twin!r} on some systems"
        if problem is not None:
            raise StorageError(
                f"{reference!r} lists a file {name!r}, whose name {problem}. A preset with such a name is not opened; "
                "tell whoever published it."
            )
        if len(seen) > MOST_FILES:
            raise StorageError(
                f"{reference!r} lists more than {MOST_FILES:,} files, so it is no preset. Name the folder of one."
            )


def _problem(name: str) -> str | None:
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
        return "leads out of the preset or names a drive"
    if any(unicodedata.category(character).startswith("C") for character in name):
        return "holds control characters"
    if any(part in ("", ".") or part.rstrip(" .") != part or _DEVICE.fullmatch(part) for part in parts):
        return "cannot be written on every system"
    if len(name.encode()) > 1024 or any(len(part.encode()) > 240 for part in parts):
        return "is too long"
    return None
