"""Files that are there whole or not at all, even if the power fails, and folders for one process at a time."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a file under another name, and give it its own when it has reached the disk."""
    waiting = path.with_name(f"{path.name}.tmp")
    waiting.write_text(text, encoding="utf-8")
    sync_file(waiting)
    os.replace(waiting, path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Wait until the contents of a file have reached the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def lock(folder: Path) -> int | None:
    """Return a descriptor of the folder that no other process can have; the end of this one gives it back."""
    if sys.platform == "win32":  # which opens no folders
        return None
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def sync_folder(folder: Path) -> None:
    """Make the new names in a folder last."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
