"""A view of a preset that shows another view, except for what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.storage.files import PresetFiles

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from modelry.storage.snapshot import RemoteFile


class ForwardingFiles(PresetFiles):
    """The files of another view; a subclass overrides what is to be different, and raises what the other raises.

    Args:
        files: The other view.
    """

    def __init__(self, files: PresetFiles) -> None:
        self._files = files

    @property
    def reference(self) -> str:
        """What the user wrote to name this preset."""
        return self._files.reference

    @property
    def revision(self) -> str | None:
        """Which version of the preset this is, if its store has versions."""
        return self._files.revision

    def names(self) -> frozenset[str]:
        """Return the names of all files."""
        return self._files.names()

    def fetch(self, name: str) -> Path:
        """Return the path of a file."""
        return self._files.path(name)

    def bring(self, names: Iterable[str]) -> None:
        """Bring files here, as the other view does it."""
        self._files.bring(names)

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes, if it is known."""
        return self._files.size(name)

    def is_here(self, name: str) -> bool:
        """Return whether a file lies on this machine already."""
        return self._files.is_here(name)

    def told(self, name: str) -> RemoteFile | None:
        """Return what a file must be, if something beside the manifest tells."""
        return self._files.told(name)

    def drop_damaged(self, name: str) -> bool:
        """Drop the kept copy of a file if it is damaged, and return whether it was."""
        return self._files.drop_damaged(name)

    def __contains__(self, name: str) -> bool:
        return name in self._files
