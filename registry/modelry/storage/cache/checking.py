"""Whether a file in the cache is still what it was when it was fetched."""

from __future__ import annotations

import contextlib
import hashlib
import stat
from typing import TYPE_CHECKING

from modelry.storage.cache.layout import write_text

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from modelry.storage.cache.layout import Layout

SMALL = 64 * 2**20
"""Files up to this size, in bytes, are hashed each time they are opened; it takes less than a tenth of a second."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_sha1_of(path: Path) -> str:
    """Return the SHA-1 by which git knows a file's content."""
    with path.open("rb") as file:
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def is_intact(path: Path, sha256: str, *, full: bool, notes: Layout) -> bool:
    """Return whether a file is a regular one with this content.

    Args:
        path: The file.
        sha256: The SHA-256 that it must have.
        full: Whether to hash also a large file that nobody seems to have touched since it was last hashed.
        notes: The cache folder that says when that was.
    """
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            return False
        if facts.st_size > SMALL and not full and _noted(notes, path) == _fingerprint(facts):
            return True
        if sha256_of(path) != sha256:
            return False
    except OSError:
        return False
    note_intact(path, notes)
    return True


def note_intact(path: Path, notes: Layout) -> None:
    """Note that a file has just been hashed, if that is worth noting."""
    facts = path.lstat()
    if facts.st_size > SMALL and _noted(notes, path) != _fingerprint(facts):
        with contextlib.suppress(OSError):  # a cache that cannot be written: the file is hashed again next time
            write_text(notes, notes.check(path), _fingerprint(facts))


def _fingerprint(facts: os.stat_result) -> str:
    return f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ino} {facts.st_dev}"


def _noted(notes: Layout, path: Path) -> str | None:
    try:
        return notes.check(path).read_text()
    except (OSError, UnicodeDecodeError):
        return None
