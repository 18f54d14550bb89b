"""The view of a preset whose files are hashed against a lock file before anybody may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from modelry.errors import WrongContent
from modelry.storage.hashed_files import HashedFiles

if TYPE_CHECKING:
    from modelry.storage.files import PresetFiles
    from modelry.storage.lock.locked import LockedPreset


@final
class LockedFiles(HashedFiles):
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
        super().__init__(files, locked.files)

    def _wrong(self, name: str, found: str) -> WrongContent:
        size, sha256 = self._expected[name]
        return WrongContent(
            f"{name} of {self.reference!r} is not what the lock file says: its SHA-256 is {found}, and is "
            f"locked as {sha256} ({size:,} bytes). It is not loaded. Restore the file, or run `modelry lock` "
            "again if the new one is what you want."
        )
