"""A file around another one, for those that watch what is read of it."""

from __future__ import annotations

import abc
import io
from typing import Any


class WrappedFile(io.RawIOBase, abc.ABC):
    """A file that is open for reading, around one that a client or an archive has opened; abstract.

    A subclass writes `read` and `seek`.

    Args:
        file: The file inside, which is closed together with this one.
    """

    def __init__(self, file: Any) -> None:
        self._file = file

    @abc.abstractmethod
    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes; see `io.RawIOBase.read`."""

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be read from anywhere."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, and return how many bytes came."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
