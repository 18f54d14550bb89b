"""Arrays that lie on a copy-on-write map of a file."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from modelry.errors import PresetFormatError

if TYPE_CHECKING:
    from pathlib import Path

    from modelry.weights.tensors import TensorInfo


class FileMap:
    """The bytes of one file, as they were when it was opened.

    Copy-on-write, because a backend that adopts the memory may train on it: the pages it writes become its own, and the
    file stays as it is. The map outlives the file's name, so a file may be replaced (never truncated) while a model
    uses it.

    Args:
        path: A regular file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self._opened = os.fstat(file.fileno())
            self.size = file.seek(0, 2)
            try:
                self._bytes: mmap.mmap | bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                self._lent: mmap.mmap | bytearray = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            except (OSError, ValueError):
                # An empty file, or a file system that cannot map.
                file.seek(0)
                self._bytes = file.read()
                self._lent = bytearray(self._bytes)
        self._taken: set[int] = set()

    def head(self, count: int) -> bytes:
        """The first `count` bytes, or fewer where the file ends."""
        return bytes(self._bytes[:count])

    def array(self, info: TensorInfo, offset: int) -> np.ndarray[Any, Any]:
        """The tensor `info` whose bytes start at `offset`, which the caller has checked to lie within the file.

        Each place is lent out once. Whoever asks again gets a copy, or two owners would write to the same memory.
        """
        if not info.nbytes:
            return np.zeros(info.shape, info.dtype.newbyteorder("="))
        again = offset in self._taken
        self._taken.add(offset)
        view = np.ndarray(info.shape, info.dtype, self._bytes if again else self._lent, offset)
        # A backend must get its own byte order, at an address its vector instructions accept.
        return np.require(view, info.dtype.newbyteorder("="), ["ALIGNED", "WRITEABLE"])

    def release(self, info: TensorInfo, offset: int) -> None:
        """Give back the memory of a tensor that nobody uses any more; the other tensors keep theirs."""
        if isinstance(self._lent, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            start = -(-offset // mmap.PAGESIZE) * mmap.PAGESIZE  # pages shared with a neighbour stay
            length = (offset + info.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE - start
            if length > 0:
                self._lent.madvise(mmap.MADV_DONTNEED, start, length)

    def check_unchanged(self) -> None:
        """Check that nothing was written into the file since it was opened; another file in its place is no change.

        Raises:
            PresetFormatError: Something was, and what was read may be half of each.
        """
        try:
            now = os.stat(self._path)
        except OSError:  # it has lost its name, and the map keeps it
            return
        before = self._opened
        if os.path.samestat(now, before) and (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise PresetFormatError(
                f"{self._path} was written to while it was read, so the weights may be a mixture. Load it again when "
                "it is complete. Whoever updates a file that others read should write a new one and rename it."
            )
