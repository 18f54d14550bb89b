"""Which process a file that is being written belongs to, and whether that process is still there."""

from __future__ import annotations

import functools
import hashlib
import os
import socket
from pathlib import Path

_BOOT, _PROCESSES = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")


@functools.cache
def host() -> str:
    """Return a name for where process ids mean the same, and where files survive a process.

    Ids mean something only inside one container; and after a crash of the machine, the end of a file may be zeros
    that were never fetched. So neither another container nor an earlier start of the machine is the same host.
    """
    try:
        boot, processes = _BOOT.read_text(), os.readlink(_PROCESSES)
    except OSError:  # not Linux
        boot = processes = ""
    return hashlib.sha256("\0".join((socket.gethostname(), boot, processes)).encode()).hexdigest()[:16]


def is_gone(owner: str, pid: int) -> bool:
    """Return whether a process of the host `owner` is known to have ended."""
    if owner != host():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # somebody else's process
        return False
    return False
