"""The view of a preset whose files are hashed against a lock file before anybody may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from modelry.errors import WrongContent
from modelry.storage.cache.checking import sha256_of
from modelry.storage.files import PresetFiles
from modelry.storage.snapshot import RemoteFile

if TYPE_CHECKING:
    from pathlib import Path

    from modelry.storage.lock.locked import LockedPreset


@final
class LockedFiles(PresetFiles):
    """The files of another view, if they are those that are locked.

    Args:
        files: The other view.
        locked: What they must be.

    Raises:
        LockError: The preset has other files, or another version.
    """

    def __init__(self, files: PresetFiles, locked: LockedPreset) -> None:
        locked.check_revision(files.revision, files.reference)
        locked.check_listing({name: files.size(name) for name in files.names()}, files.reference)
        self._files = files
        self._locked = locked
        self._right: dict[str, tuple[int, ...]] = {}

    @property
    def reference(self) -> str:
        """What the user wrote to name this preset."""
        return self._files.reference

    @property
    def revision(self) -> str | None:
        """The version of the preset, if its store has versions."""
        return self._files.revision

    def names(self) -> frozenset[str]:
        """Return the names of all files, which are those that are locked."""
        return frozenset(self._locked.files)

    def size(self, name: str) -> int | None:
        """Return the size that a file must have."""
        return self._locked.files[name][0] if name in self._locked.files else None

    def is_here(self, name: str) -> bool:
        """Return whether a file lies on this machine already."""
        return self._files.is_here(name)

    def told(self, name: str) -> RemoteFile | None:
        """Return what the lock file tells of a file."""
        return RemoteFile(name, *self._locked.files[name]) if name in self._locked.files else None

    def fetch(self, name: str) -> Path:
        """Return the path of a file, which has been hashed since it was last changed.

        Raises:
            WrongContent: It is not what the lock file says.
        """
        path = self._files.path(name)
        facts = path.stat()
        fingerprint = (facts.st_size, facts.st_mtime_ns, facts.st_ino, facts.st_dev)
        if self._right.get(name) != fingerprint:
            size, sha256 = self._locked.files[name]
            found = sha256_of(path)
            if found != sha256:
                raise WrongContent(
                    f"{name} of {self.reference!r} is not what the lock file says: its SHA-256 is {found}, and is "
                    f"locked as {sha256} ({size:,} bytes). It is not loaded. Restore the file, or run `modelry lock` "
                    "again if the new one is what you want."
                )
            self._right[name] = fingerprint
        return path
