"""What a lock file holds of one preset, and how the preset is held against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from modelry.errors import LockError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.storage.snapshot import RemoteFile

_SHOWN = 5


@attrs.frozen
class LockedPreset:
    """The one version of a preset that may be loaded.

    Attributes:
        revision: What pins it in its store, such as a commit; `None` if the store has no versions.
        files: File name → size in bytes and SHA-256.
    """

    revision: str | None
    files: Mapping[str, tuple[int, str]]

    def pin(self, file: RemoteFile) -> RemoteFile:
        """Return a file of a listing with the size and the SHA-256 that it must have."""
        size, sha256 = self.files[file.name]
        return attrs.evolve(file, size=size, sha256=sha256)

    def check_revision(self, revision: str | None, reference: str) -> None:
        """Check that a store has led to the locked version.

        Raises:
            LockError: It has led to another.
        """
        if revision != self.revision:
            raise LockError(
                f"{reference!r} is locked at version {self.revision!r}, and its store leads to {revision!r}. "
                f"Run `modelry lock` again if that is what you want."
            )

    def check_listing(self, sizes: Mapping[str, int | None], reference: str) -> None:
        """Check that a preset has the files that are locked, and no others.

        Args:
            sizes: The files that it has, with their sizes in bytes where they are known.
            reference: What messages call it.

        Raises:
            LockError: It has not.
        """
        found = list(self._differences(sizes))
        if found:
            shown = "; ".join(found[:_SHOWN]) + (f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
            raise LockError(
                f"{reference!r} is not what the lock file says: {shown}. Nothing of it is loaded. "
                "`modelry lock --check` lists what has changed; run `modelry lock` again if that is what you want."
            )

    def _differences(self, sizes: Mapping[str, int | None]) -> Iterator[str]:
        for name in sorted(self.files.keys() | sizes.keys()):
            if name not in sizes:
                yield f"{name} is missing"
            elif name not in self.files:
                yield f"{name} is not in the lock file"
            elif sizes[name] not in (None, self.files[name][0]):
                yield f"{name} has {sizes[name]:,} bytes, and is locked with {self.files[name][0]:,}"
