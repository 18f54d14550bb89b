"""Results of an unfinished run: a folder next to the output, with one file for each chunk that is done.

```
out.parquet.partial/
    work.json         everything that determines the results: preset, options, versions
    part-000000.json  the results of the first chunk, and the hash of its rows
    …
```
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Self

import attrs
from filelock import FileLock, Timeout

from modelry._atomic import move_into_place, sync_file, write_text
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_WORK = "work.json"
_LOCK = "lock"


@attrs.frozen
class ChunkResult:
    """The results of a chunk.

    Attributes:
        digest: The hash of its rows.
        columns: Its columns, and the kinds of their values.
        added: The values of the columns to add, which JSON can hold.
    """

    digest: str
    columns: Mapping[str, str]
    added: Mapping[str, Sequence[Any]]


class PartialResults:
    """The folder of an unfinished run, as a context manager that locks out other processes.

    Attributes:
        folder: The folder.
        count: The number of chunks that are done, from the first one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self._started = False
        self._lock = FileLock(folder / _LOCK, timeout=0)

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock.acquire()
        except Timeout:
            raise InputError(f"Another process is using {str(self.folder)!r}. Wait for it, or stop it.") from None
        except OSError as error:
            raise InputError(f"Cannot write {str(self.folder)!r}: {error.strerror}.") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._started and not self.count:  # nothing is done yet, or everything
            with contextlib.suppress(OSError):
                self._clear()
                (self.folder / _LOCK).unlink()
                self.folder.rmdir()
        self._lock.release()

    def start(self, work: Mapping[str, Any], restart: bool = False) -> None:
        """Continue the run that the folder holds, or start one.

        Args:
            work: Everything that determines the results, by names for messages.
            restart: Whether to discard earlier results.

        Raises:
            InputError: The folder holds other files, or results of other work.
        """
        if restart:
            self._clear()
        resumable = self._path(0).exists() and (self.folder / _WORK).exists()
        known = self._read(self.folder / _WORK) if resumable else None
        if known is None:
            if not all(path.name == _LOCK or _is_ours(path) for path in self.folder.iterdir()):
                raise InputError(f"{str(self.folder)!r} holds files that this command did not write. Move it away.")
            self._clear()
            self._write(self.folder / _WORK, work)
        elif known != work:
            changes = [
                f"{name} was {known.get(name)!r} and is {work.get(name)!r}"
                for name in dict.fromkeys([*known, *work])
                if known.get(name) != work.get(name)
            ]
            raise InputError(
                f"{str(self.folder)!r} holds the results of other work: {'; '.join(changes)}. "
                "Repeat the earlier command to continue it, or run with --restart to start over."
            )
        self._started = True
        while self._path(self.count).exists():
            self.count += 1

    def save(self, result: ChunkResult) -> None:
        """Keep the results of the next chunk."""
        self._write(self._path(self.count), attrs.asdict(result, recurse=False))
        self.count += 1

    def load(self, number: int) -> ChunkResult:
        """Return the results of a chunk that is done."""
        return ChunkResult(**self._read(self._path(number)))

    def finish(self, made: Path, output: Path) -> None:
        """Move the complete file to its destination; the folder is removed when it is closed."""
        sync_file(made)
        move_into_place(made, output)
        self.count = 0

    def _clear(self) -> None:
        """Remove results and unfinished output, but nobody else's files."""
        for path in sorted(self.folder.iterdir()):  # `work.json` last, because it says whose files the others are
            if _is_ours(path):
                path.unlink()

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:06}.json"

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            values: dict[str, Any] = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(f"{str(path)!r} cannot be read: {error}. Run with --restart to start over.") from error
        return values

    def _write(self, path: Path, values: Mapping[str, Any]) -> None:
        try:
            write_text(path, json.dumps(values, ensure_ascii=False))
        except OSError as error:
            raise InputError(f"Cannot write {str(path)!r}: {error.strerror}.") from error


def _is_ours(path: Path) -> bool:
    return path.name == _WORK or path.suffix == ".tmp" or path.match("part-*.json")
