"""A view of a preset that remembers which of its files were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.storage.files import PresetFiles

if TYPE_CHECKING:
    from pathlib import Path


class RecordedFiles(PresetFiles):
    """The files of another view.

    Attributes:
        were_here: The names of those that were read, and whether each lay on this machine before.
    """

    def __init__(self, files: PresetFiles) -> None:
        self._files = files
        self.were_here: dict[str, bool] = {}

    @property
    def reference(self) -> str:
        """What the user wrote to name this preset."""
        return self._files.reference

    def names(self) -> frozenset[str]:
        """Return the names of all files."""
        return self._files.names()

    def fetch(self, name: str) -> Path:
        """Return the path of a file; raises what `PresetFiles.fetch` does."""
        here = self._files.is_here(name)
        path = self._files.path(name)
        self.were_here.setdefault(name, here)
        return path

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes, if that is known."""
        return self._files.size(name)

    def is_here(self, name: str) -> bool:
        """Return whether a file lies on this machine already."""
        return self._files.is_here(name)

    def __contains__(self, name: str) -> bool:
        return name in self._files
