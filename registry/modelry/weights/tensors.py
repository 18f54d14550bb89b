"""Named tensors of weights files, described before they are read, on copy-on-write maps of the files."""

from __future__ import annotations

import math
import mmap
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from modelry.errors import PresetFormatError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


MAX_NAME = 1024


@frozen
class TensorInfo:
    """The header of one tensor.

    Attributes:
        shape: Its dimensions; `()` for a scalar.
        dtype: Its NumPy data type, `ml_dtypes.bfloat16` included.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """The size of its values in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.shape} {self.dtype.name}"


def check_tensor_name(name: str) -> None:
    """Check that a tensor's name could be a path, or stand in a message, without harm.

    Raises:
        ValueError: It could not.
    """
    if len(name) > MAX_NAME or not name.isprintable() or "\\" in name or not all(name.split("/")) or ".." in name:
        raise ValueError(f"{name!r:.200} is not a valid tensor name")


class TensorStore(ABC):
    """Named tensors in one or several files.

    Opening a store reads and checks headers only. It holds no open file afterwards, so there is nothing to close:
    memory maps live exactly as long as the arrays that use them.
    """

    @abstractmethod
    def names(self) -> Collection[str]:
        """The name of every tensor."""

    @abstractmethod
    def info(self, name: str) -> TensorInfo:
        """Shape and dtype of the tensor called `name`; `KeyError` where there is none."""

    @abstractmethod
    def read(self, name: str) -> np.ndarray[Any, Any]:
        """The values of the tensor called `name`, in the machine's byte order.

        The array is writable and private to the caller. Where it can, it is a copy-on-write view of the file: nothing
        is read until it is touched, and writing to it never reaches the file.
        """

    def release(self, name: str) -> None:  # noqa: B027 - a store without maps has nothing to do
        """Release the memory behind the result of `read(name)`, once it is no longer used."""

    def check_unchanged(self) -> None:  # noqa: B027
        """Check that no file was written to since the store was opened.

        Raises:
            PresetFormatError: One was.
        """


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

        Each offset is lent once. A second call gets a copy, since two owners would write to the same memory.
        """
        if not info.nbytes:
            return np.zeros(info.shape, info.dtype.newbyteorder("="))
        again = offset in self._taken
        self._taken.add(offset)
        view = np.ndarray(info.shape, info.dtype, self._bytes if again else self._lent, offset)
        # A backend must get its own byte order, at an address its vector instructions accept.
        return np.require(view, info.dtype.newbyteorder("="), ["ALIGNED", "WRITEABLE"])

    def release(self, info: TensorInfo, offset: int) -> None:
        """Release the memory of a tensor that is no longer used; the other tensors keep theirs."""
        if isinstance(self._lent, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            start = -(-offset // mmap.PAGESIZE) * mmap.PAGESIZE  # pages shared with a neighbour stay
            length = (offset + info.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE - start
            if length > 0:
                self._lent.madvise(mmap.MADV_DONTNEED, start, length)

    def check_unchanged(self) -> None:
        """Check that nothing was written into the file since it was opened; a new file in its place does not count.

        Raises:
            PresetFormatError: The file was modified, and the tensors read may be a mixture.
        """
        try:
            now = os.stat(self._path)
        except OSError:  # it has lost its name, and the map keeps it
            return
        before = self._opened
        if os.path.samestat(now, before) and (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise PresetFormatError(
                f"{self._path} was written to while it was read, so the weights may be a mixture. Load it again when "
                "it is complete. To update a file that others read, write a new file and rename it."
            )
