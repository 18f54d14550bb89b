"""zip and tar archives from strangers: listed within bounds, and holding only plain files and folders."""

from __future__ import annotations

import abc
import contextlib
import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING, Any, final

from fsspec.compression import compr
from fsspec.implementations.tar import TarFileSystem
from fsspec.implementations.zip import ZipFileSystem

from modelry.errors import ChecksumMismatch, ModelryError, UnsafePresetError
from modelry.storage.client_errors import Interrupted
from modelry.storage.options import FREE_EXPANSION
from modelry.storage.paths import check_names

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from modelry.storage.options import Budget


class WrappedFile(io.RawIOBase, abc.ABC):
    """A file that is open for reading, around another, which is closed with it; a subclass writes `read` and `seek`."""

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


@final
class StoreFile(WrappedFile):
    """A file of a store, read to the size that the store reports; it remembers the store's last error.

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
        """Go to a position; one before the start is not the store's fault."""
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
def reporting_damage(store: StoreFile, what: str) -> Iterator[None]:
    """Raise the store's error; without one, the bytes came as they are there, so raise that the archive is damaged.

    Where one archive lies in another, `store` is the outer one.

    Raises:
        ChecksumMismatch: The archive is damaged. Trying again would bring the same bytes.
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


def damaged(what: str, why: str) -> ChecksumMismatch:
    """Return the error to raise for an archive that is not whole, or not what its own sums say."""
    return ChecksumMismatch(
        f"{what} cannot be read, because the archive is damaged, or was cut off before its end ({why}). Pack it and "
        "put it there again; if it is not yours, tell its publisher."
    )


_ENTRY = 256  # bytes that a file takes in a zip's directory, name included, and far more than it does
_LOCAL_HEADER = 30  # bytes before a file's name in a zip
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz"}


def open_zip(file: Any, reference: str, budget: Budget, **options: Any) -> ZipFileSystem:
    """Return the file system of a zip archive that is open for reading; `options` go to the client.

    Raises:
        UnsafePresetError: It has too many files, or one that is not a plain file, expands too much, has a harmful
            name or shares bytes with another.
        Exception: It is damaged.
    """
    # The directory of files is read in one piece.
    guarded = _Guarded(file, reference, max(FREE_EXPANSION, budget.files * _ENTRY))
    filesystem = ZipFileSystem(fo=guarded, **options)
    entries = filesystem.zip.infolist()
    budget.check("files", len(entries), repr(reference))
    for entry in entries:
        is_folder = entry.is_dir()
        entry.filename = _plain(entry.filename, is_folder, reference) + "/" * is_folder
    # Checked before a client tidies the names, and one file takes the place of another.
    filesystem.zip.filelist = [entry for entry in entries if entry.filename != "/"]
    check_names((entry.filename.rstrip("/") for entry in filesystem.zip.filelist), reference)
    filesystem.zip.NameToInfo = {entry.filename: entry for entry in filesystem.zip.filelist}
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        mode = entry.external_attr >> 16
        if stat.S_IFMT(mode) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise _refused(reference, f"its {entry.filename!r} is a link or a device")
        if entry.header_offset < end:
            raise _refused(reference, f"its {entry.filename!r} shares bytes with another file")
        end = entry.header_offset + _LOCAL_HEADER + _name_length(entry) + entry.compress_size
        if entry.file_size > FREE_EXPANSION:
            what = f"{entry.filename} of {reference!r}"
            budget.check("ratio", -(-entry.file_size // max(entry.compress_size, 1)), what)
    return filesystem


def open_tar(
    file: Any, reference: str, budget: Budget, compression: str | None = None, **options: Any
) -> TarFileSystem:
    """Return the file system of a tar archive that is open for reading; `options` go to the client.

    Without a `compression`, named as fsspec does it, the first bytes tell how it is compressed.

    Raises:
        UnsafePresetError: As of `open_zip`.
        Exception: It is damaged, or cut off before its end.
    """
    expanded = None
    if compression is None:
        start = file.read(max(map(len, _COMPRESSED)))
        file.seek(0)
        compression = next((name for magic, name in _COMPRESSED.items() if start.startswith(magic)), None)
    if compression is not None:
        expanded = max(FREE_EXPANSION, budget.ratio * file.seek(0, os.SEEK_END))
        file.seek(0)
        file = compr[compression](file)
    guarded = _Guarded(file, reference, FREE_EXPANSION, expanded)

    @final
    class Tar(TarFileSystem):  # type: ignore[misc]  # fsspec ships no types
        def _index(self) -> None:
            # Looks at each file before the next is read; tarfile remembers them for what is done here otherwise.
            for count, member in enumerate(self.tar, 1):
                budget.check("files", count, repr(reference))
                if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE):
                    raise _refused(reference, f"its {member.name!r} is a link, a device or a file with holes")
            # tarfile ends the archive at anything but a header, a block of zeros or not.
            self.tar.fileobj.seek(self.tar.offset)
            if self.tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError(f"no header and no end at {self.tar.offset:,}")
            while compression is not None and self.tar.fileobj.read(io.DEFAULT_BUFFER_SIZE):
                pass  # to the sums, which are last
            for member in self.tar:
                member.name = _plain(member.name, member.isdir(), reference)
            self.tar.members = [member for member in self.tar if member.name]
            check_names((member.name for member in self.tar), reference)
            super()._index()

    return Tar(fo=io.BufferedReader(guarded), **options)


@final
class _Guarded(WrappedFile):
    """A file that is not read beyond the position `in_all`, if given, nor more than `at_once` bytes at once."""

    def __init__(self, file: Any, reference: str, at_once: int, in_all: int | None = None) -> None:
        super().__init__(file)
        self._reference = reference
        self._at_once = at_once
        self._in_all = in_all

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, which reads up to it where the file is compressed."""
        if whence == os.SEEK_SET:
            self._check_position(offset)
        return int(self._file.seek(offset, whence))

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes; a read without a size is limited too."""
        asked = self._at_once if size is None or size < 0 else size
        if asked > self._at_once:
            raise _refused(self._reference, f"one of its headers has {asked:,} bytes")
        data: bytes = self._file.read(asked)
        self._check_position(self._file.tell())
        return data

    def _check_position(self, position: int) -> None:
        if self._in_all is not None and position > self._in_all:
            raise _refused(self._reference, f"it expands to more than {self._in_all:,} bytes")


def _plain(name: str, is_folder: bool, reference: str) -> str:
    """Return the name of an entry without what tar puts before it, as in `tar -c .`; the empty text for that folder."""
    plain = name.rstrip("/").removeprefix("./")
    if plain not in ("", "."):
        return plain
    if not is_folder:
        raise _refused(reference, f"its file {name!r} has the name of the folder that it is in")
    return ""


def _name_length(entry: zipfile.ZipInfo) -> int:
    return len(entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437"))


def _refused(reference: str, why: str) -> UnsafePresetError:
    return UnsafePresetError(
        f"The archive of {reference!r} is not opened: {why}. Archives of presets hold plain files and folders. Pack it "
        "again if it is yours; otherwise tell its publisher."
    )
