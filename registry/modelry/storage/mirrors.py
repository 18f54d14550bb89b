"""One preset that lies in several places, of which the next is used where one fails."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from modelry.errors import (
    LockError,
    PresetFormatError,
    PresetNotFound,
    SignatureError,
    StorageError,
    UnsafePresetError,
)
from modelry.storage.cache.checking import sha256_of
from modelry.storage.forwarding import ForwardingFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from modelry.storage.files import PresetFiles

T = TypeVar("T")

_FAILURES = (StorageError, PresetNotFound, PresetFormatError, LockError, SignatureError)


class MirroredFiles(ForwardingFiles):
    """The files of the first place that works; the reference is that of the place that is used now.

    Where one fails later, the next goes on for it, but only if all that was read so far is the same to the byte there:
    a model is never put together from two presets. What is unsafe is not passed over: it raises at once.

    Args:
        places: What messages call each place → how to open it, the best one first.

    Raises:
        StorageError: None of them can be opened.
    """

    def __init__(self, places: Mapping[str, Callable[[], PresetFiles]]) -> None:
        self._left = deque(places.items())
        self._failures: list[str] = []
        self._read: dict[str, Path] = {}
        super().__init__(self._open_next())

    def fetch(self, name: str) -> Path:
        """Return the path of a file, from the first place that has it."""
        path = self._read[name] = self._first(lambda files: files.path(name))
        return path

    def bring(self, names: Iterable[str]) -> None:
        """Fetch files, as the place that is used does it."""
        wanted = list(names)
        self._first(lambda files: files.bring(wanted))

    def _first(self, get: Callable[[PresetFiles], T]) -> T:
        while True:
            try:
                return get(self._files)
            except UnsafePresetError:
                raise
            except _FAILURES as error:
                self._note(self._files.reference, error)
                self._files = self._open_next()

    def _open_next(self) -> PresetFiles:
        while self._left:
            reference, open_place = self._left.popleft()
            try:
                files = open_place()
                self._check_same(files)
            except UnsafePresetError:
                raise
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
