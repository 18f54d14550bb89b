"""Errors of this machine's file system, turned into `StorageError` with advice."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from modelry.errors import ModelryError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator


_NOTHING_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}

_RIGHTS = "Ask its owner for the right to do so, or use a copy in a place of your own."
_PLACE = "Use another place."
_ADVICE = {
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ENAMETOOLONG: "No file can have that name: use a shorter one.",
    errno.ENOTDIR: "A part of that path is a file: check the path.",
    errno.ELOOP: "Links lead in a circle there: put a folder in the place of one.",
    errno.ENOENT: "It is gone: check the path, and try again.",
    errno.ENOSPC: "Make room there, or use another place.",
    errno.EDQUOT: "Make room there, or use another place.",
    errno.EROFS: _PLACE,
    errno.EMFILE: "Close files that this process has open, or raise its limit (`ulimit -n`).",
}
_FAILING = "The disk, or the network that it is on, may be failing: try again, or use a copy elsewhere."


@contextlib.contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turn an `OSError` of the block into a `StorageError` with advice.

    Args:
        what: The failed action, with the path and the preset: `"The folder of preset './p' cannot be listed"`.

    Raises:
        StorageError: The block raised an `OSError`, which is the cause.
    """
    try:
        yield
    except ModelryError:  # some are an OSError too
        raise
    except OSError as error:
        raise StorageError(f"{what}: {explain(error)}") from error


def explain(error: OSError) -> str:
    """Return the problem, the path, and advice, as sentences."""
    where = f" ({error.filename!r:.300})" if error.filename is not None else ""
    return f"{error.strerror or error}{where}. {_ADVICE.get(error.errno or 0, _FAILING)}"


def is_possible(path: str) -> bool:
    """Return whether a path can be one of this machine's at all: some characters cannot be in any."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def paths_below(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield every path below a folder, not following links; raises OSError where a folder cannot be listed."""

    def refuse_publishing(error: OSError) -> NoReturn:
        raise error

    for place, folders, others in os.walk(folder, onerror=refuse_publishing):
        yield from (Path(place, name) for name in (*folders, *others))


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a file; raises OSError if that is not known, as in a folder without access."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a folder; raises what `is_file` does."""
    return stat.S_ISDIR(_mode(path))


def _mode(path: str | os.PathLike[str]) -> int:
    """Return the mode of a file or folder, 0 if there is nothing."""
    try:
        return os.stat(path).st_mode
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            return 0
        raise
    except ValueError:  # a path that is not possible
        return 0
