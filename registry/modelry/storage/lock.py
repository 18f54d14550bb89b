"""Locked presets: the one version that may be loaded, made from a preset as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from modelry.errors import ChecksumMismatch, LockError, PresetNotFound
from modelry.storage.checksums import MANIFEST, read_checksums, sha256_of, with_checksum

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.storage.files import PresetFiles
    from modelry.storage.remote_source import RemoteFile


_SHOWN = 5


@attrs.frozen
class LockedPreset:
    """The one version of a preset that may be loaded.

    Attributes:
        revision: Its version in its store, such as a commit; `None` if the store has no versions.
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


def lock_preset(files: PresetFiles) -> LockedPreset:
    """Return the lock of a preset; files are fetched only where neither store nor manifest has a SHA-256.

    Raises:
        PresetNotFound: It has no files.
        ChecksumMismatch: A file is not what the preset's manifest or its store says; a damaged preset is not locked.
        ModelryError: A file cannot be fetched.
    """
    if not files.names():
        raise PresetNotFound(f"{files.reference!r} has no files, so there is nothing to lock.")
    listed = read_checksums(files.path(MANIFEST), files.reference) if MANIFEST in files else {}
    return LockedPreset(files.revision, {name: _facts(files, name, listed) for name in sorted(files.names())})


def lock_differences(locked: LockedPreset, now: LockedPreset) -> Iterator[tuple[str, str]]:
    """Yield each file that is not as it was locked, and whether it is `added`, `removed` or `changed`."""
    for name in sorted(locked.files.keys() | now.files.keys()):
        if name not in now.files:
            yield name, "removed"
        elif name not in locked.files:
            yield name, "added"
        elif locked.files[name] != now.files[name]:
            yield name, "changed"


def _facts(files: PresetFiles, name: str, listed: Mapping[str, tuple[int, str]]) -> tuple[int, str]:
    told = files.expected(name)
    if told is not None:
        known = with_checksum(told, listed, files.reference)
        if known.size is not None and known.sha256 is not None:
            return known.size, known.sha256
    path = files.path(name)
    found = path.stat().st_size, sha256_of(path)
    if found != listed.get(name, found):
        raise ChecksumMismatch(
            f"{name} of {files.reference!r} is not what its {MANIFEST} says, so it is not locked. `modelry verify` "
            "names all files that are damaged; save or fetch the preset again."
        )
    return found
