"""References to file systems: the allowed protocols, chains such as `zip://a::s3://b/c.zip`, and their one spelling."""

from __future__ import annotations

import importlib
import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import attrs

from modelry.errors import StorageError, did_you_mean
from modelry.storage.cache.layout import hash_key
from modelry.storage.paths import identifying_values, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.storage.paths import Reference


@attrs.frozen
class Protocol:
    """A protocol that is opened.

    Attributes:
        module: The module of fsspec's client for it.
        name: The client's class.
        extra: modelry's extra that installs the client; `None` if it is always there.
        is_archive: Whether it reads a file of another store.
        block_size: How many bytes to ask for at once, for clients that read in blocks.
    """

    module: str
    name: str
    extra: str | None = None
    is_archive: bool = False
    block_size: int | None = None


_BLOCK = 8 * 2**20
_LOCAL = Protocol("fsspec.implementations.local", "LocalFileSystem")
_HTTP = Protocol("fsspec.implementations.http", "HTTPFileSystem", "http", block_size=_BLOCK)
# Not the class that gcsfs exports: that asks by gRPC first, and waits a minute for a store that knows only HTTP.
_GCS = Protocol("gcsfs.core", "GCSFileSystem", "gs", block_size=_BLOCK)
_AZURE = Protocol("adlfs", "AzureBlobFileSystem", "az", block_size=_BLOCK)
_SSH = Protocol("sshfs", "SSHFileSystem", "sftp")
_WEBDAV = Protocol("webdav4.fsspec", "WebdavFileSystem", "webdav")

ALLOWED = {
    "s3": Protocol("s3fs", "S3FileSystem", "s3", block_size=_BLOCK),
    "gs": _GCS,
    "gcs": _GCS,
    "az": _AZURE,
    "abfs": _AZURE,
    "abfss": _AZURE,
    "http": _HTTP,
    "https": _HTTP,
    "sftp": _SSH,
    "ssh": _SSH,
    "webdav": _WEBDAV,
    "webdavs": _WEBDAV,
    "memory": Protocol("fsspec.implementations.memory", "MemoryFileSystem"),
    "zip": Protocol("fsspec.implementations.zip", "ZipFileSystem", is_archive=True),
    "tar": Protocol("fsspec.implementations.tar", "TarFileSystem", is_archive=True),
    "file": _LOCAL,
}

_CACHES = "modelry has a cache of its own, which checks what it holds"
_REFUSED = {
    "data": "it holds a file in the reference itself, and a preset is several",
    "reference": "what it lists can lead to any file of this machine",
    "generic": "it stands for any other protocol, those that are refused included",
    "github": "it asks an API with a narrow limit and pins no commit; clone the repository and pass the folder",
    "git": "it runs git; clone the repository and pass the folder",
    "ftp": "it sends passwords in the clear; use sftp://",
    "dir": "write the path into the reference itself",
    **dict.fromkeys(("simplecache", "filecache", "blockcache"), _CACHES),
}


def protocol(name: str, reference: str) -> Protocol:
    """Return the protocol of a name.

    Raises:
        StorageError: It is refused, or unknown.
    """
    if name in ALLOWED:
        return ALLOWED[name]
    why = f": {_REFUSED[name]}" if name in _REFUSED else f".{did_you_mean(name, ALLOWED)}"
    raise StorageError(
        f"{reference!r} cannot be opened, because {name}:// is not{why.rstrip('.')}. "
        f"These can be: {', '.join(f'{one}://' for one in ALLOWED)}."
    )


def client_class(name: str, reference: str) -> Any:
    """Return fsspec's class for a protocol, imported now.

    Raises:
        StorageError: What it needs is not installed; the message has the pip command.
    """
    found = protocol(name, reference)
    try:
        return getattr(importlib.import_module(found.module), found.name)
    except ImportError as error:
        command = f'pip install "modelry[{found.extra}]"' if found.extra else "pip install --force-reinstall fsspec"
        raise StorageError(
            f"{reference!r} needs a client for {name}://, which is not installed ({error}). Run: {command}"
        ) from error


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
                f"{reference.text!r} continues after {link.protocol}://, which is not an archive. Only zip:// and "
                "tar:// lie in something else, as in zip://folder::s3://bucket/presets.zip."
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
    if not separator and (text in ALLOWED or text in _REFUSED):  # as in fsspec's `simplecache::https://…`
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
        written = f"{name}://{path}"
        if redact(written) != written:
            raise StorageError(
                f"{reference!r} has a user or a password, which {name}:// references do not have. Pass credentials "
                "with storage_options=, or as the store's own tools take them."
            )
    return Link(name, path, query)


# Two buckets of one name are different ones behind different endpoints.
_OPTIONS = ("account_host", "account_name", "base_url", "endpoint_url", "host", "port", "region_name")
_VARIABLES = {
    "s3": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "FSSPEC_S3_ENDPOINT_URL"),
    "gs": ("STORAGE_EMULATOR_HOST",),
    "gcs": ("STORAGE_EMULATOR_HOST",),
    **dict.fromkeys(("az", "abfs", "abfss"), ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING")),
}
_PLACE_IN_CONNECTION = re.compile(r"(AccountName|BlobEndpoint|EndpointSuffix)=([^;]+)", re.IGNORECASE)


def uri_of(links: tuple[Link, ...], options: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the one spelling of a reference; it holds no secrets, and no two places have the same."""
    text = "::".join(redact(f"{link.protocol}://{link.path.rstrip('/')}") for link in links)
    more = sorted(_more(links[-1], options.get(links[-1].protocol, {})))
    return f"{text}#{hash_key(more)[:16]}" if more else text


def _more(place: Link, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield further values that identify the place; only a hash of them is kept."""
    yield from identifying_values(parse_qsl(place.query, keep_blank_values=True))
    inner = options.get("client_kwargs")
    for name, value in [*options.items(), *(inner.items() if isinstance(inner, dict) else ())]:
        if name in _OPTIONS and value is not None:
            yield name, str(value)
    connections = [options.get("connection_string")]
    for name in _VARIABLES.get(place.protocol, ()):
        said = os.environ.get(name)
        if said and name.endswith("CONNECTION_STRING"):
            connections.append(said)
        elif said:
            yield name, said
    for connection in filter(None, connections):
        yield from _PLACE_IN_CONNECTION.findall(str(connection))
