"""Locked presets: the one version of each that may be loaded, and the lock file that lists them."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from modelry._atomic import write_text
from modelry.errors import ChecksumMismatch, InputError, LockError, PresetNotFound, UnsafePresetError, did_you_mean
from modelry.storage.cache.layout import hash_key
from modelry.storage.integrity import MANIFEST, read_checksums, sha256_of, with_checksum
from modelry.storage.paths import HIDDEN, check_names, hidden_values, identifying_values, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.storage.files import PresetFiles
    from modelry.storage.paths import Reference
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
        """Check that the files of a preset, with their sizes in bytes where they are known, are those that are locked.

        Raises:
            LockError: One is missing, has another size, or is not in the lock.
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
    return LockedPreset(files.revision, {name: _facts_of(files, name, listed) for name in sorted(files.names())})


def lock_differences(locked: LockedPreset, now: LockedPreset) -> Iterator[tuple[str, str]]:
    """Yield each file that is not as it was locked, and whether it is `added`, `removed` or `changed`."""
    for name in sorted(locked.files.keys() | now.files.keys()):
        if name not in now.files:
            yield name, "removed"
        elif name not in locked.files:
            yield name, "added"
        elif locked.files[name] != now.files[name]:
            yield name, "changed"


def _facts_of(files: PresetFiles, name: str, listed: Mapping[str, tuple[int, str]]) -> tuple[int, str]:
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


@attrs.frozen
class LockFile:
    """The presets of a lock file.

    Attributes:
        path: The file.
        presets: Key → what is locked; see `key`.
    """

    path: Path
    presets: Mapping[str, LockedPreset]

    def key(self, reference: Reference) -> str:
        """Return the key of a preset in the file: its reference without secrets.

        Where values that are left out of it say what is meant, a hash of them tells it from others. A folder at or
        below that of the lock file is `./…`, so that both can be moved together.

        Raises:
            InputError: The lock file would be a file of the preset itself.
        """
        if reference.scheme != "file":
            uri = f"{reference.scheme}://{reference.path.rstrip('/')}"
            meant = sorted(identifying_values(hidden_values(uri)))
            return f"{redact(uri)}#{hash_key(meant)[:16]}" if meant else redact(uri)
        place, lock = Path(os.path.abspath(reference.path)), Path(os.path.abspath(self.path))
        if lock.is_relative_to(place):
            raise InputError(
                f"The lock file {str(lock)!r} would lie in the preset {reference.text!r}, and so be a file of it. Keep "
                "it in another folder."
            )
        if place.is_relative_to(lock.parent):
            return f"./{place.relative_to(lock.parent).as_posix()}"
        return place.as_uri()

    def reference(self, key: str) -> str:
        """Return the reference of a key.

        Raises:
            LockError: The key does not tell, because a value is left out of it.
        """
        if HIDDEN in key and not key.startswith(("./", "file://")):
            raise LockError(
                f"{key!r} in the lock file {str(self.path)!r} stands for a preset whose reference holds what no lock "
                f"file does, in place of {HIDDEN}. Name the preset on the command line, with its whole reference in "
                "quotes."
            )
        return str(self.path.parent / key) if key.startswith("./") else key

    def find(self, reference: Reference) -> LockedPreset:
        """Return the lock of a preset.

        Raises:
            LockError: It is not in the file.
        """
        key = self.key(reference)
        if key not in self.presets:
            named = shlex.quote(reference.text.split(" (")[0])
            named += f", with what stands in place of {HIDDEN}" if HIDDEN in named else ""
            raise LockError(
                f"{reference.text!r} is not in the lock file {str(self.path)!r}, and only what is in it may be "
                f"loaded.{did_you_mean(key, self.presets)} Run: modelry lock {named}"
            )
        return self.presets[key]

    def write(self) -> None:
        """Write the file; raises LockError where that is not possible."""
        try:
            write_text(self.path, render(self.presets))
        except (OSError, ValueError) as error:
            raise LockError(f"The lock file {str(self.path)!r} cannot be written: {error}.") from error


def read_lock(path: Path) -> LockFile:
    """Read a lock file.

    Raises:
        LockError: There is none, or it cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LockError(
            f"There is no lock file {str(path)!r}, and without it nothing may be loaded. Make one with `modelry lock`, "
            "or leave out lock= and MODELRY_LOCK."
        ) from None
    except (OSError, ValueError) as error:  # no text, or no path
        raise LockError(f"The lock file {str(path)!r} cannot be read: {error}.") from error
    return LockFile(path, parse_lock(text, repr(str(path))))


FORMAT_VERSION = 1

_SHA256 = re.compile(r"[0-9a-f]{64}")


def render(presets: Mapping[str, LockedPreset]) -> str:
    """Return the text of a lock file; the same presets have the same text."""
    values = {
        "format_version": FORMAT_VERSION,
        "presets": {
            key: {
                "revision": preset.revision,
                "files": {name: {"size": size, "sha256": sha256} for name, (size, sha256) in preset.files.items()},
            }
            for key, preset in presets.items()
        },
    }
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def parse_lock(text: str, where: str) -> dict[str, LockedPreset]:
    """Return the presets in the text of a lock file, which messages call `where`.

    Raises:
        LockError: It is not one, or of a newer format, or something in it is wrong.
    """
    try:
        values = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise _wrong(where, f"it is not JSON: {error}") from None
    version = values.get("format_version") if isinstance(values, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise LockError(
            f"The lock file {where} has format version {version}, and this modelry reads up to {FORMAT_VERSION}. "
            "Run: pip install --upgrade modelry"
        )
    presets = _only(values, ("format_version", "presets"), where, "it")["presets"]
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise _wrong(where, f"format_version is {version!r}, not {FORMAT_VERSION}")
    if not isinstance(presets, dict):
        raise _wrong(where, "presets is not an object")
    return {key: _preset(preset, where, key) for key, preset in presets.items()}


def _preset(values: Any, where: str, key: str) -> LockedPreset:
    values = _only(values, ("files", "revision"), where, repr(key))
    files, revision = values["files"], values["revision"]
    if not (revision is None or (isinstance(revision, str) and revision)):
        raise _wrong(where, f"the revision of {key!r} is {revision!r}, neither a text nor null")
    if not isinstance(files, dict) or not files:
        raise _wrong(where, f"{key!r} lists no files")
    try:
        check_names(files, key)
    except UnsafePresetError as error:
        raise _wrong(where, str(error)) from None
    return LockedPreset(revision, {name: _facts(facts, where, f"{name} of {key!r}") for name, facts in files.items()})


def _facts(values: Any, where: str, what: str) -> tuple[int, str]:
    facts = _only(values, ("sha256", "size"), where, what)
    size, sha256 = facts["size"], facts["sha256"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _wrong(where, f"the size of {what} is {size!r}, not a number of bytes")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise _wrong(where, f"the sha256 of {what} is {sha256!r}, not 64 hexadecimal digits")
    return size, sha256


def _only(values: Any, names: tuple[str, ...], where: str, what: str) -> dict[str, Any]:
    """Return an object that has exactly these names."""
    if not isinstance(values, dict) or set(values) != set(names):
        has = sorted(values) if isinstance(values, dict) else type(values).__name__
        raise _wrong(where, f"{what} must have {' and '.join(names)}, and has {has}")
    return values


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return values


def _wrong(where: str, problem: str) -> LockError:
    return LockError(
        f"The lock file {where} cannot be used: {problem}. Nothing is loaded. Restore the file, or delete it and make "
        "a new one with `modelry lock`."
    )
