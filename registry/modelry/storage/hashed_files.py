"""A view of a preset whose files are hashed before anybody may read them."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

from modelry.storage.cache.checking import sha256_of
from modelry.storage.forwarding import ForwardingFiles
from modelry.storage.snapshot import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.errors import WrongContent
    from modelry.storage.files import PresetFiles


class HashedFiles(ForwardingFiles):
    """Some of the files of another view, each with the content that it must have; abstract.

    Args:
        files: The other view.
        expected: Name → size in bytes and SHA-256 of the files that this view has; all others are not there.
    """

    def __init__(self, files: PresetFiles, expected: Mapping[str, tuple[int, str]]) -> None:
        super().__init__(files)
        self._expected = expected
        self._right: dict[str, tuple[int, ...]] = {}

    @abc.abstractmethod
    def _wrong(self, name: str, found: str) -> WrongContent:
        """Return the error to raise for a file with another SHA-256."""

    def names(self) -> frozenset[str]:
        """Return the names of all files that are expected."""
        return frozenset(self._expected)

    def size(self, name: str) -> int | None:
        """Return the size that a file must have."""
        return self._expected[name][0] if name in self._expected else None

    def told(self, name: str) -> RemoteFile | None:
        """Return what a file must be."""
        return RemoteFile(name, *self._expected[name]) if name in self._expected else None

    def fetch(self, name: str) -> Path:
        """Return the path of a file, which has been hashed since it was last changed.

        Raises:
            WrongContent: It is not what it must be.
        """
        path = self._files.path(name)
        facts = path.stat()
        fingerprint = (facts.st_size, facts.st_mtime_ns, facts.st_ino, facts.st_dev)
        if self._right.get(name) != fingerprint:
            found = sha256_of(path)
            if found != self._expected[name][1]:
                raise self._wrong(name, found)
            self._right[name] = fingerprint
        return path

    def __contains__(self, name: str) -> bool:
        return name in self._expected
