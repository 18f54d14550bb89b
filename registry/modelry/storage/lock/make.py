"""Lock a preset as it is now, and tell how it differs from what was locked earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.errors import PresetNotFound, WrongContent
from modelry.storage.cache.checking import sha256_of
from modelry.storage.checksums import MANIFEST, read_checksums, with_checksum
from modelry.storage.lock.locked import LockedPreset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.storage.files import PresetFiles


def lock_of(files: PresetFiles) -> LockedPreset:
    """Return what to lock of a preset; only files of which neither store nor manifest tell a SHA-256 are fetched.

    Raises:
        PresetNotFound: It has no files.
        WrongContent: A file is not what the preset's manifest or its store says; a damaged preset is not locked.
        ModelryError: A file cannot be fetched.
    """
    if not files.names():
        raise PresetNotFound(f"{files.reference!r} has no files, so there is nothing to lock.")
    listed = read_checksums(files.path(MANIFEST), files.reference) if MANIFEST in files else {}
    return LockedPreset(files.revision, {name: _facts(files, name, listed) for name in sorted(files.names())})


def differences(locked: LockedPreset, now: LockedPreset) -> Iterator[tuple[str, str]]:
    """Yield each file that is not as it was locked, and whether it is `added`, `removed` or `changed`."""
    for name in sorted(locked.files.keys() | now.files.keys()):
        if name not in now.files:
            yield name, "removed"
        elif name not in locked.files:
            yield name, "added"
        elif locked.files[name] != now.files[name]:
            yield name, "changed"


def _facts(files: PresetFiles, name: str, listed: Mapping[str, tuple[int, str]]) -> tuple[int, str]:
    told = files.told(name)
    if told is not None:
        known = with_checksum(told, listed, files.reference)
        if known.size is not None and known.sha256 is not None:
            return known.size, known.sha256
    path = files.path(name)
    found = path.stat().st_size, sha256_of(path)
    if found != listed.get(name, found):
        raise WrongContent(
            f"{name} of {files.reference!r} is not what its {MANIFEST} says, so it is not locked. `modelry verify` "
            "names all files that are damaged; save or fetch the preset again."
        )
    return found
