"""A reference to a file system, taken apart: `zip://sentiment::s3://bucket/presets.zip` has two links."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import attrs

from modelry.errors import StorageError
from modelry.storage.filesystems.protocols import is_known, protocol
from modelry.storage.redact import redact

if TYPE_CHECKING:
    from modelry.storage.reference import Reference


@attrs.frozen
class Link:
    """One link of a chain.

    Attributes:
        protocol: The protocol, in lower case.
        path: What follows `protocol://`, which may hold secrets; without a query.
        query: What follows `?`, which may hold secrets.
    """

    protocol: str
    path: str = attrs.field(repr=False)
    query: str = attrs.field(default="", repr=False)

    @property
    def url(self) -> str:
        """The link as it was written."""
        return f"{self.protocol}://{self.path}{self.query and '?' + self.query}"


def parse_links(reference: Reference) -> tuple[Link, ...]:
    """Return the links of a reference: archives first, and last where they lie.

    Raises:
        StorageError: The reference is malformed, or one of its protocols is not opened.
    """
    texts = f"{reference.scheme}://{reference.path}".split("::")
    links = tuple(_parse(text, reference.text) for text in texts)
    *archives, place = links
    for link in archives:
        if not protocol(link.protocol, reference.text).is_archive:
            raise StorageError(
                f"{reference.text!r} goes on behind {link.protocol}://, which is no archive. Only zip:// and tar:// "
                "lie in something else, as in zip://folder::s3://bucket/presets.zip."
            )
    if protocol(place.protocol, reference.text).is_archive:
        raise StorageError(
            f"{reference.text!r} does not say where the archive lies. Write the folder inside it, '::', and its place: "
            f"{place.protocol}://folder::https://host/presets.{place.protocol}"
        )
    if not place.path.strip("/"):
        raise StorageError(f"{reference.text!r} names no place. Write what follows {place.protocol}://.")
    return links


def _parse(text: str, reference: str) -> Link:
    name, separator, rest = text.partition("://")
    if not separator and is_known(text):  # as fsspec's own chains have it: `simplecache::https://…`
        name, rest = text, ""
    elif not separator:  # a plain path of this machine
        name, rest = "file", os.path.abspath(os.path.expanduser(text)) if text else ""
    name = name.lower()
    known = protocol(name, reference)
    path, _, query = rest.partition("?") if name in ("http", "https") else (rest, "", "")
    if ".." in path.split("/"):
        raise StorageError(f"{reference!r} holds '..'. Write where the preset lies without it.")
    if "?" in path or "#" in path:
        raise StorageError(f"{reference!r} holds '?' or '#', which {name}:// references do not have.")
    if known.is_archive or name in ("s3", "gs", "gcs", "memory"):
        _check_no_user(path, name, reference)
    return Link(name, path, query)


def _check_no_user(path: str, name: str, reference: str) -> None:
    if redact(f"{name}://{path}") != f"{name}://{path}":
        raise StorageError(
            f"{reference!r} has a user or a password, which {name}:// references do not have. Pass credentials with "
            "storage_options=, or as the store's own tools take them."
        )
