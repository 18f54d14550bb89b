"""File names from strangers: none may do harm on any system that a preset is copied to."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelry.errors import StorageError, UnsafePresetError

if TYPE_CHECKING:
    from collections.abc import Iterable


_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_names(names: Iterable[str], reference: str) -> None:
    """Check that a listing's names are relative, can be written on any system, and do not fall together on one.

    Raises:
        UnsafePresetError: One is not.
    """
    seen: dict[str, str] = {}
    for name in names:
        problem = _problem(name)
        if problem is None:
            key = unicodedata.normalize("NFC", name).casefold()
            problem = f"is the same as {seen[key]!r} on some systems" if key in seen else None
            seen[key] = name
        if problem is not None:
            raise UnsafePresetError(
                f"{reference!r} lists a file {name!r}, whose name {problem}. A preset with such a name is not opened; "
                "tell its publisher."
            )


def check_plain(name: str, where: str) -> None:
    """Check a name by which one file of a preset refers to another.

    Args:
        name: The name, relative to the preset.
        where: The file and preset that have it, for messages.

    Raises:
        UnsafePresetError: It is not made of plain characters only, or could lead out of the preset.
    """
    if _problem(name) or not all(map(_PLAIN.fullmatch, name.split("/"))):
        raise UnsafePresetError(
            f"{where} refers to the file {name!r:.200}. Only relative names of ASCII letters, digits and '_.-' are "
            "followed, so that none leads out of the preset. Do not use this preset; tell its publisher."
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


def checked_name(name: str) -> str:
    """Return `name` if it stays inside a preset.

    Raises:
        StorageError: The name is empty, absolute, or climbs out with `..`.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or "\0" in name or ":" in parts[0] or ".." in parts:
        raise StorageError(f"{name!r} is not a file name inside a preset; only relative names without '..' are.")
    return name
