"""Partial downloads: hashed as they come, and taken over from a process that died."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Self

from modelry._atomic import move_into_place

if TYPE_CHECKING:
    from modelry.storage.cache.layout import Layout


_SUFFIX = ".part"
_open: set[Path] = set()
"""The parts that this process is writing."""


class Part:
    """An incomplete download that only this object writes to.

    Attributes:
        path: The file.
        size: How many bytes it has.
    """

    def __init__(self, layout: Layout, key: str) -> None:
        self._layout = layout
        self._key = key
        self._hash = hashlib.sha256()
        self.size = 0
        self.path = self._fresh_path()
        _open.add(self.path)
        self._file = self.path.open("xb")
        self._adopt()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop writing. An unpublished part stays for the next fetch of the same file."""
        self._file.close()
        _open.discard(self.path)
        if self.size == 0:
            self.path.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def clear(self) -> None:
        """Start again with an empty file."""
        self._file.seek(0)
        self._file.truncate()
        self._hash, self.size = hashlib.sha256(), 0

    def complete(self) -> str:
        """Flush everything to the disk, and return the SHA-256."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._hash.hexdigest()

    def publish(self) -> Path:
        """Make the file the blob of its content, read-only, and return where that is."""
        blob = self._layout.blob(self._hash.hexdigest())
        self._file.close()
        os.chmod(self.path, 0o444)
        blob.parent.mkdir(parents=True, exist_ok=True)
        move_into_place(self.path, blob)
        return blob

    def _fresh_path(self) -> Path:
        return self._layout.tmp() / f"{self._key}.{host()}.{os.getpid()}.{secrets.token_hex(4)}{_SUFFIX}"

    def _adopt(self) -> None:
        """Take over an abandoned part of this file.

        The bytes are copied, not continued in place: a process that is alive after all then writes to an unused file.
        """
        for path in orphans(self._layout, self._key):
            mine = self._fresh_path()
            _open.add(mine)
            try:
                os.rename(path, mine)  # one of several takes it
                with mine.open("rb") as file:
                    while chunk := file.read(2**20):
                        self.write(chunk)
            except OSError:
                self.clear()
                continue
            finally:
                with contextlib.suppress(OSError):
                    mine.unlink(missing_ok=True)
                _open.discard(mine)
            return


def orphans(layout: Layout, key: str = "*") -> list[Path]:
    """Return abandoned parts, the largest first."""
    found = []
    for path in layout.tmp().glob(f"{key}.*{_SUFFIX}"):
        try:
            _, owner, pid, _, _ = path.name.split(".")
            left = path not in _open if (owner, int(pid)) == (host(), os.getpid()) else is_gone(owner, int(pid))
            if left:
                found.append((path.stat().st_size, path))
        except (OSError, ValueError):  # gone in the meantime, or no part
            continue
    return [path for _, path in sorted(found, reverse=True)]


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
