"""One preset that lies in several places, of which the next is used where one fails."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from modelry.errors import DamagedPreset, PresetNotFound, StorageError
from modelry.storage.cache.checking import sha256_of
from modelry.storage.files import PresetFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from modelry.storage.snapshot import RemoteFile

T = TypeVar("T")

_FAILURES = (StorageError, PresetNotFound, DamagedPreset)


class MirroredFiles(PresetFiles):
    """The files of the first place that works.

    Where one fails later, the next goes on for it, but only if all that was read so far is the same to the byte there:
    a model is never put together from two presets.

    Args:
        places: What messages call each place → how to open it, the best one first.

    Raises:
        StorageError: None of them can be opened.
    """

    def __init__(self, places: Mapping[str, Callable[[], PresetFiles]]) -> None:
        self._left = deque(places.items())
        self._failures: list[str] = []
        self._read: dict[str, Path] = {}
        self._files = self._open_next()

    @property
    def reference(self) -> str:
        """The place that is used now."""
        return self._files.reference

    @property
    def revision(self) -> str | None:
        """The version of the preset in the place that is used now."""
        return self._files.revision

    def names(self) -> frozenset[str]:
        """Return the names of all files."""
        return self._files.names()

    def fetch(self, name: str) -> Path:
        """Return the path of a file, from the first place that has it."""
        path = self._read[name] = self._first(lambda files: files.path(name))
        return path

    def bring(self, names: Iterable[str]) -> None:
        """Fetch files, as the place that is used does it."""
        wanted = list(names)
        self._first(lambda files: files.bring(wanted))

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes, if it is known."""
        return self._files.size(name)

    def is_here(self, name: str) -> bool:
        """Return whether a file lies on this machine already."""
        return self._files.is_here(name)

    def told(self, name: str) -> RemoteFile | None:
        """Return what the place that is used now tells of a file."""
        return self._files.told(name)

    def drop_damaged(self, name: str) -> bool:
        """Drop the kept copy of a file if it is damaged, and return whether it was."""
        return self._files.drop_damaged(name)

    def _first(self, get: Callable[[PresetFiles], T]) -> T:
        while True:
            try:
                return get(self._files)
            except _FAILURES as error:
                self._note(self._files.reference, error)
                self._files = self._open_next()

    def _open_next(self) -> PresetFiles:
        while self._left:
            reference, open_place = self._left.popleft()
            try:
                files = open_place()
                self._check_same(files)
            except _FAILURES as error:
                self._note(reference, error)
            else:
                return files
        raise StorageError("None of the places that may have the preset could be used:\n" + "\n".join(self._failures))

    def _check_same(self, files: PresetFiles) -> None:
        for name, path in self._read.items():
            if sha256_of(files.path(name)) != sha256_of(path):
                raise StorageError(
                    f"{name} of {files.reference!r} is another than that of the place before, from which it was read. "
                    "Mirrors must hold the same files: copy the preset anew."
                )

    def _note(self, reference: str, error: Exception) -> None:
        self._failures.append(f"- {reference}: {error}")
