"""One version of a preset in a remote store: its files, and what proves or hints that a copy of one is right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from modelry.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
