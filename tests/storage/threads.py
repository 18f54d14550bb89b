"""What becomes of the threads in which stores are asked."""

from __future__ import annotations

import threading
import time


def ended() -> bool:
    """Return whether the threads come to an end in which stores are asked, also those that were given up."""
    end = time.monotonic() + 20
    while time.monotonic() < end and _running():
        time.sleep(0.01)
    return not _running()


def _running() -> bool:
    return any(one.name == "modelry-store" for one in threading.enumerate())
