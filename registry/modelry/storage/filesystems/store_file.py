"""An archive as it lies in its store; and whose fault it is when reading it fails."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, final

from modelry.errors import ModelryError, WrongContent
from modelry.storage.filesystems.wrapped_file import WrappedFile
from modelry.storage.retries import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


@final
class StoreFile(WrappedFile):
    """A file of a store that is read to the size that the store tells, and that remembers what the store raised.

    Args:
        file: The file, as a client has opened it for reading.

    Attributes:
        failed: The last error of the store; `None` if there is none.
    """

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.failed: Exception | None = None
        size = getattr(file, "size", None)
        if not isinstance(size, int):
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
        self._size = size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position; one before the start is no fault of the store."""
        position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._size}[whence]
        if position < 0:
            raise OSError(f"the archive has {self._size:,} bytes only")
        with self._remembering():
            return int(self._file.seek(position))

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes: as many as are asked for, unless the file ends before.

        Raises:
            Interrupted: The store sends less than there is.
            Exception: Whatever its client raises.
        """
        with self._remembering():
            left = self._size - self.tell()
            wanted = left if size is None or size < 0 else min(size, left)
            data: bytes = self._file.read(-1 if size is None else size)
            while len(data) < wanted:
                more = self._file.read(wanted - len(data))
                if not more:
                    raise Interrupted(f"the archive ended {wanted - len(data):,} bytes before it should")
                data += more
            return data

    @contextlib.contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.failed = error
            raise


@contextlib.contextmanager
def telling_damage(store: StoreFile, what: str) -> Iterator[None]:
    """Raise what the store raised; or else, since its bytes came as they are there, that the archive is damaged.

    Args:
        store: The archive in its store; where one archive lies in another, the outer one.
        what: What is read, as messages have it.

    Raises:
        WrongContent: The archive is damaged. Trying again would bring the same bytes.
        Exception: Whatever the store's client raises.
    """
    store.failed = None
    try:
        yield
    except Exception as error:
        if store.failed is not None:  # readers of archives may have made something else of it
            raise store.failed from None
        if isinstance(error, (ModelryError, FileNotFoundError)):
            raise
        raise damaged(what, f"{type(error).__name__}: {error}") from error


def damaged(what: str, why: str) -> WrongContent:
    """Return the error to raise for an archive that is not whole, or not what its own sums say."""
    return WrongContent(
        f"{what} cannot be read, because the archive is damaged, or was cut off before its end ({why}). Pack it and "
        "put it there again; if it is not yours, tell whoever published it."
    )
