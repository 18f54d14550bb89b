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
        validator: A mark that changes with the file: an ETag, a generation, a time with a size. It proves nothing
            about the content.
    """

    name: str
    size: int | None = None
    sha256: str | None = None
    git_sha1: str | None = None
    validator: str | None = None

    def __attrs_post_init__(self) -> None:
        for what, digest, form in (("SHA-256", self.sha256, _SHA256), ("git SHA-1", self.git_sha1, _SHA1)):
            if digest is not None and not form.fullmatch(digest):
                raise StorageError(f"The store reports {digest!r} as the {what} of {self.name!r}, which it cannot be.")
        if self.size is not None and self.size < 0:
            raise StorageError(f"The store reports a size of {self.size} bytes for {self.name!r}.")
        if self.sha256 is None and self.git_sha1 is None and not self.validator:
            raise StorageError(
                f"The store reports nothing about {self.name!r} that would show a change: no digest, no "
                "ETag, no time. A copy of it could not be trusted."
            )


@attrs.frozen
class Snapshot:
    """The files of one version of a preset.

    Attributes:
        files: The files.
        revision: The version in the store, such as a commit; `None` if the store has no versions.
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
"""The number of files of a preset read at the same time, by default."""


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

        It identifies the files completely: the place, an unusual endpoint, the requested revision.
        """

    @abc.abstractmethod
    def resolve(self) -> Snapshot:
        """List the files that the preset has now, and its version.

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
        """True if the reference names a version that can never change, so that a cached listing is enough."""
        return False

    @property
    def at_once(self) -> int:
        """The number of files that may be read at the same time, at least 1; 4 by default.

        Override this for a client that supports fewer connections, or a store where more help.
        """
        return AT_ONCE

    def at(self, revision: str) -> RemoteSource:
        """Return the same preset at an earlier version of `resolve`, wherever the reference leads now.

        A store that has versions overrides this. Without it, a locked preset can be opened as long as the reference
        still leads to the version that was locked.

        Raises:
            StorageError: The store has no such version, or the reference itself names another.
        """
        return self

    def local_copy(self, snapshot: Snapshot, file: RemoteFile) -> Path | None:
        """Return the path of the file in the cache of the store's own client, if any; it is hashed before use."""
        return None

    def is_transient(self, error: Exception) -> bool | None:
        """Return whether another try may help; `None` leaves it to modelry, which knows connections and HTTP."""
        return None

    def advice(self, error: Exception) -> str | None:
        """Return advice for the user on an error of the store's client, as a sentence; `None` if unknown."""
        return None
