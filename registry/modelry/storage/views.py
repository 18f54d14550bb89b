"""Views of a preset over other views: mirrored, locked, or signed."""

from __future__ import annotations

import abc
import hashlib
import json
from collections import deque
from typing import TYPE_CHECKING, TypeVar, final

from modelry.errors import (
    ChecksumMismatch,
    LockError,
    PresetFormatError,
    PresetNotFound,
    SignatureError,
    StorageError,
    UnsafePresetError,
)
from modelry.storage.files import ForwardingFiles, fingerprint, is_same_file
from modelry.storage.integrity import MANIFEST, check_signature, manifest_content, parse_checksums, sha256_of
from modelry.storage.remote_source import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from modelry.storage.files import PresetFiles
    from modelry.storage.lock import LockedPreset


class HashedFiles(ForwardingFiles):
    """Files of another view, each hashed before it may be read; abstract.

    Args:
        files: The other view.
        expected: Name → size in bytes and SHA-256 of the files that this view has; all others are not there.
    """

    def __init__(self, files: PresetFiles, expected: Mapping[str, tuple[int, str]]) -> None:
        super().__init__(files)
        self._expected = expected
        self._right: dict[str, tuple[Path, tuple[int, ...]]] = {}

    @abc.abstractmethod
    def _wrong(self, name: str, found: str) -> ChecksumMismatch:
        """Return the error to raise for a file with another SHA-256."""

    def names(self) -> frozenset[str]:
        """Return the names of all files that are expected."""
        return frozenset(self._expected)

    def size(self, name: str) -> int | None:
        """Return the size that a file must have."""
        return self._expected[name][0] if name in self._expected else None

    def expected(self, name: str) -> RemoteFile | None:
        """Return the size and SHA-256 that a file must have."""
        return RemoteFile(name, *self._expected[name]) if name in self._expected else None

    def fetch(self, name: str) -> Path:
        """Return the path of a file, which has been hashed since it was last changed.

        Raises:
            ChecksumMismatch: It is not what it must be.
        """
        path = self._files.path(name)
        found = (path, fingerprint(path.stat()))
        if self._right.get(name) != found:
            digest = sha256_of(path)
            if digest != self._expected[name][1]:
                raise self._wrong(name, digest)
            self._right[name] = found
        return path

    def has_changed(self) -> bool:
        """Return whether a file is no longer the one that was hashed."""
        return super().has_changed() or not all(is_same_file(*found) for found in self._right.values())

    def __contains__(self, name: str) -> bool:
        return name in self._expected


@final
class LockedFiles(HashedFiles):
    """The files of another view, checked against a lock.

    Args:
        files: The other view.
        locked: The locked files.

    Raises:
        LockError: The preset has other files, or another version.
    """

    def __init__(self, files: PresetFiles, locked: LockedPreset) -> None:
        locked.check_revision(files.revision, files.reference)
        locked.check_listing({name: files.size(name) for name in files.names()}, files.reference)
        super().__init__(files, locked.files)

    def _wrong(self, name: str, found: str) -> ChecksumMismatch:
        size, sha256 = self._expected[name]
        return ChecksumMismatch(
            f"{name} of {self.reference!r} is not what the lock file says: its SHA-256 is {found}, and is "
            f"locked as {sha256} ({size:,} bytes). It is not loaded. Restore the file, or run `modelry lock` "
            "again if the new one is what you want."
        )


@final
class SignedFiles(HashedFiles):
    """The files of another view, each held against the manifest, whose signature is checked now.

    Files that the manifest does not list, such as a README, may lie there, but cannot be read.

    Args:
        files: The other view.
        public_key: The file of the key.

    Raises:
        SignatureError: The preset has no manifest, or one that was not signed with that key, or lacks a signed file.
        InputError: The key cannot be used.
    """

    def __init__(self, files: PresetFiles, public_key: Path) -> None:
        reference = files.reference
        if MANIFEST not in files:
            raise SignatureError(
                f"{reference!r} has no {MANIFEST}, so nothing of it is signed. Nothing of it is loaded."
            )
        content = manifest_content(files.path(MANIFEST))
        listed = parse_checksums(content, reference)
        check_signature(json.loads(content), public_key, reference)
        missing = sorted(set(listed) - files.names())
        if missing:
            raise SignatureError(f"{reference!r} lacks {missing[0]}, which is signed. Nothing of it is loaded.")
        super().__init__(files, {**listed, MANIFEST: (len(content), hashlib.sha256(content).hexdigest())})

    def names(self) -> frozenset[str]:
        """Return the names of all files, also of those that are not signed."""
        return self._files.names()

    def fetch(self, name: str) -> Path:
        """Return the path of a file that is signed; raises what `HashedFiles.fetch` does, and SignatureError."""
        if name not in self._expected:
            raise SignatureError(
                f"{name} of {self.reference!r} is not in the {MANIFEST} that is signed, so it is not read. The "
                "publisher must save and sign the preset with that file, or remove the file."
            )
        return super().fetch(name)

    def _wrong(self, name: str, found: str) -> ChecksumMismatch:
        return ChecksumMismatch(
            f"{name} of {self.reference!r} is not what was signed: its SHA-256 is {found}, and {MANIFEST} says "
            f"{self._expected[name][1]}. It is not loaded. It was changed or damaged after it was signed."
        )

    def __contains__(self, name: str) -> bool:
        return name in self._files


T = TypeVar("T")

_FAILURES = (StorageError, PresetNotFound, PresetFormatError, LockError, SignatureError)


class MirroredFiles(ForwardingFiles):
    """The files of the first place that works; `reference` is that of the place in use.

    If a place fails later, the next takes over, but only if every file read so far is the same there, to the byte: a
    model is never assembled from two presets. An unsafe preset is not passed over: it raises at once.

    Args:
        places: The name of each place in messages → a function that opens it, the best one first.

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

    def download(self, names: Iterable[str]) -> None:
        """Fetch files, as the place that is used does it."""
        wanted = list(names)
        self._first(lambda files: files.download(wanted))

    def _first(self, get: Callable[[PresetFiles], T]) -> T:
        while True:
            try:
                return get(self._files)
            except UnsafePresetError:
                raise
            except _FAILURES as error:
                self._failures.append(f"- {self._files.reference}: {error}")
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
                self._failures.append(f"- {reference}: {error}")
            else:
                return files
        raise StorageError("None of the places that may have the preset could be used:\n" + "\n".join(self._failures))

    def _check_same(self, files: PresetFiles) -> None:
        for name, path in self._read.items():
            if sha256_of(files.path(name)) != sha256_of(path):
                raise StorageError(
                    f"{name} of {files.reference!r} differs from the place before, from which it was read. "
                    "Mirrors must hold the same files: copy the preset again."
                )
