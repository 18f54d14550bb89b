"""The protocols that are opened, and why others are not."""

from __future__ import annotations

import importlib
from typing import Any

import attrs

from modelry.errors import StorageError, did_you_mean


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


def is_known(name: str) -> bool:
    """Return whether something is the name of a protocol, be it one that is opened or not."""
    return name in ALLOWED or name in _REFUSED


def protocol(name: str, reference: str) -> Protocol:
    """Return a protocol.

    Args:
        name: Its name.
        reference: What messages call the preset.

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
