"""Atomic writes: a file or a folder is there complete or not at all, even after a power cut.

One policy holds for everything that modelry writes. The content gets a temporary name next to its destination and is
flushed to the disk, then renamed, and then the folder is flushed, so that the new name lasts too. Network file systems
that cannot flush a folder, and Windows, go without the last step.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
_EXCHANGE = 2  # RENAME_EXCHANGE on Linux, RENAME_SWAP on macOS


@contextlib.contextmanager
def atomic_file(path: Path, staging: Path | None = None) -> Iterator[IO[bytes]]:
    """Yield a binary file that takes the place of `path` when the block ends without an error.

    Args:
        path: The destination; its folder must exist. A link is replaced, not followed.
        staging: The folder for the unfinished file, on the same file system; by default that of `path`.

    Raises:
        OSError: The file cannot be written; `path` is as it was.
    """
    fresh = _fresh_name(path, staging)
    try:
        with fresh.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        move_into_place(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def write_text(path: Path, text: str, staging: Path | None = None) -> None:
    """Write a UTF-8 text file as it is, without a change of line ends; arguments and errors are those of `atomic_file`.

    Raises:
        UnicodeEncodeError: The text holds lone surrogates.
    """
    with atomic_file(path, staging) as file:
        file.write(text.encode())


@contextlib.contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `target` when the block ends without an error.

    Where the system can exchange two names (Linux, macOS), there is a complete folder at `target` at every moment. On
    other systems an older folder is renamed away first, and put back if the second rename fails.

    Args:
        target: The destination; missing parents are created. What it holds is removed, so carry over in the block what
            is to stay.

    Raises:
        OSError: The folder cannot be written; `target` is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = _fresh_name(target)
    fresh.mkdir()
    try:
        yield fresh
        for place, _, names in os.walk(fresh, topdown=False):
            for name in names:
                path = Path(place, name)
                if path.is_file() and not path.is_symlink():
                    sync_file(path)
            sync_folder(Path(place))
        _swap(fresh, target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def move_into_place(fresh: Path, path: Path) -> None:
    """Rename a file that has been flushed to `path`, replacing what is there, and make the new name last."""
    os.replace(fresh, path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Flush a file's content to the disk."""
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the system can."""
    if sys.platform == "win32":  # which opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(descriptor)


def _fresh_name(path: Path, staging: Path | None = None) -> Path:
    return (path.parent if staging is None else staging) / f".{path.name}.{secrets.token_hex(4)}.tmp"


def _swap(fresh: Path, target: Path) -> None:
    """Give `fresh` the name `target`; an older folder of that name ends up at `fresh` or is removed."""
    if not target.exists():
        os.rename(fresh, target)
    elif not _exchange(fresh, target):
        old = _fresh_name(target)
        os.rename(target, old)
        try:
            os.rename(fresh, target)
        except OSError:
            os.rename(old, target)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two names in one step; return False where the system or the file system cannot."""
    here, names = -100, (os.fsencode(first), os.fsencode(second))  # AT_FDCWD, which absolute paths do not need
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, _EXCHANGE) == 0)
        return bool(library.renameat2(here, names[0], here, names[1], _EXCHANGE) == 0)
    except (AttributeError, OSError, TypeError):  # an older C library, another system
        return False
