"""The process's umask, for what Python's `tempfile` creates without regard to it."""

from __future__ import annotations

import os


def umask() -> int:
    """Return the umask: the bits that new files and folders are not to have. Asking means setting it twice."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
