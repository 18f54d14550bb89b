"""The contract of a remote store for reading: one version of a preset, and a source that lists and reads it."""

from __future__ import annotations

import abc
import re
from typing import TYPE_CHECKING

import attrs

from modelry.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


_SHA256, _SHA1 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")


@attrs.frozen
class RemoteFile:
    """A file of a preset as a store lists it; at least one of the last three is known.

    Attributes:
        name: Its relative POSIX path in the preset.
        size: Its size in bytes, or `None` if the store does not tell.
        sha256: The SHA-256 of its content as 64 hexadecimal digits, if the store tells.
        git_sha1: The SHA-1 that git has for it as 40 hexadecimal digits, if the store tells.
        validator: What changes when the file does: an ETag, a generation, a time with a size. It proves nothing about
            the content.
    """

    name: str
    size: int | None = None
    sha256: str | None = None
    git_sha1: str | None = None
    validator: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise StorageError(f"The store tells {self.sha256!r} for the SHA-256 of {self.name!r}, which is none.")
        if self.git_sha1 is not None and not _SHA1.fullmatch(self.git_sha1):
            raise StorageError(f"The store tells {self.git_sha1!r} for the git SHA-1 of {self.name!r}, which is none.")
        if self.size is not None and self.size < 0:
            raise StorageError(f"The store tells a size of {self.size} bytes for {self.name!r}.")
        if self.sha256 is None and self.git_sha1 is None and not self.validator:
            raise StorageError(
                f"The store tells nothing about {self.name!r} by which a change of it could be seen: no digest, no "
                "ETag, no time. A copy of it could not be trusted."
            )


@attrs.frozen
class Snapshot:
    """The files of one version of a preset.

    Attributes:
        files: The files.
        revision: What pins this version in the store, such as a commit; `None` if the store has no versions.
    """

    files: tuple[RemoteFile, ...]
    revision: str | None = None


@attrs.frozen
class ByteStream:
    """The content of a file as it comes from a store.

    Attributes:
        chunks: The bytes.
        start: The position in the file of their first; 0 where the store could not start at the offset asked for.
        validator: The validator of the file that is being sent, to be compared with the listed one; `None` if unknown.
    """

    chunks: Iterator[bytes]
    start: int = 0
    validator: str | None = None


AT_ONCE = 4
"""How many files of a preset are read at the same time, unless its source says otherwise."""


class RemoteSource(abc.ABC):
    """One preset in a remote store, as one reference and its options name it.

    A subclass writes `uri`, `resolve` and `read`, and the others where its store has more to tell. None of them caches,
    retries, checks names or hashes: modelry does that around them, the same for every store. Creating a source touches
    no network, so that what is cached can be opened without one.

    Methods may be called from several threads at once, `read` from no more than `at_once`.
    """

    @property
    @abc.abstractmethod
    def uri(self) -> str:
        """The one spelling of the reference, by which the cache knows it; it holds no secrets.

        It says all that decides which files are meant: the place, an endpoint that is not the usual one, the revision
        that was asked for.
        """

    @abc.abstractmethod
    def resolve(self) -> Snapshot:
        """Ask the store which files the preset has now, and at which version.

        Raises:
            PresetNotFound: There is nothing where the reference points.
            StorageError: The store refuses; the message says what to do. It is not tried again.
            Exception: Whatever the store's client raises; it is tried again if `is_transient` says so.
        """

    @abc.abstractmethod
    def read(self, snapshot: Snapshot, file: RemoteFile, offset: int) -> AbstractContextManager[ByteStream]:
        """Read a file from `offset` on, or from its start where the store cannot start in the middle.

        Args:
            snapshot: What `resolve` returned, in this process or in an earlier one.
            file: One of its files.
            offset: How many bytes are here already.

        Raises:
            StorageError: The store refuses, or does not have this version any more. It is not tried again.
            Exception: Whatever the store's client raises, here or while the bytes come; see `is_transient`.
        """

    @property
    def is_pinned(self) -> bool:
        """Whether the reference itself names one version that can never change, so that a cached one is enough."""
        return False

    @property
    def at_once(self) -> int:
        """How many files of the preset may be read at the same time, at least 1; 4 by default.

        A store overrides this whose client bears fewer connections, or where more are of use.
        """
        return AT_ONCE

    def at(self, revision: str) -> RemoteSource:
        """Return the same preset at a version that `resolve` told once, whatever the reference leads to now.

        A store that has versions overrides this. Without it, a locked preset can be opened as long as the reference
        still leads to the version that was locked.

        Raises:
            StorageError: That is no version in this store, or the reference itself names another.
        """
        return self

    def local_copy(self, snapshot: Snapshot, file: RemoteFile) -> Path | None:
        """Return where the store's own client has the file on this machine already; it is hashed before it is used."""
        return None

    def is_transient(self, error: Exception) -> bool | None:
        """Return whether trying again may help; `None` leaves it to modelry, which knows connections and HTTP."""
        return None

    def advice(self, error: Exception) -> str | None:
        """Return what a user should do about an error of the store's client, as a sentence; `None` if unknown."""
        return None
