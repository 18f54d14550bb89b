"""The lines of a text file: decompressed, decoded, counted and hashed on the way."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from typing import TYPE_CHECKING, Self

from modelry.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 16 << 20  # bytes; a file without line ends must not end up in memory


class Lines:
    """An iterator over lines with their ends.

    Attributes:
        number: The number of the line that came last, from 1.
        pending: The bytes since the last `digest`.
    """

    def __init__(self, path: Path, gzipped: bool) -> None:
        self.number = 0
        self.pending = 0
        self._path = path
        self._hash = hashlib.blake2b(digest_size=16)
        self._raw = path.open("rb")
        self._file = gzip.GzipFile(fileobj=self._raw) if gzipped else self._raw

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        try:
            line = self._file.readline(LONGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{self.name} cannot be read beyond line {self.number}: {error}.") from error
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST:
            raise InputError(f"Line {self.number} of {self.name} is longer than {LONGEST >> 20} MiB.")
        self._hash.update(line)
        self.pending += len(line)
        try:
            return line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"Line {self.number} of {self.name} is not UTF-8: {error.reason}. Save the file as UTF-8."
            ) from error

    @property
    def name(self) -> str:
        """The file's name for messages."""
        return repr(str(self._path))

    @property
    def position(self) -> int:
        """The bytes of the file that are read."""
        return self._raw.tell()

    def digest(self) -> str:
        """Return the hash of the lines since the last time it was asked for."""
        digest = self._hash.hexdigest()
        self._hash = hashlib.blake2b(digest_size=16)
        self.pending = 0
        return digest

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._raw.close()
