"""A place in a file system that a preset is published to."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, final

from modelry.storage.destination import RemoteDestination
from modelry.storage.filesystems.connect import connect
from modelry.storage.filesystems.source import CLIENT_ADVICE
from modelry.storage.retries import looks_transient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.storage.filesystems.links import Link

# Object stores have no folders, and asked to make one, some of their clients make a bucket.
_HAS_FOLDERS = ("memory", "sftp", "ssh", "webdav", "webdavs")


@final
class FilesystemDestination(RemoteDestination):
    """A folder of a file system.

    Args:
        reference: What messages call the preset.
        links: The one part of the reference.
        options: Protocol → the options of its client.
    """

    def __init__(self, reference: str, links: tuple[Link, ...], options: Mapping[str, Mapping[str, Any]]) -> None:
        self._reference = reference
        self._links = links
        self._options = options
        self._connected: tuple[Any, str] | None = None

    def files(self) -> dict[str, int | None]:
        """List the folder, as it is now."""
        self._connected = None  # a new client, which has no listing of its own yet
        filesystem, root = self._connect()
        try:
            found = filesystem.find(root, detail=True)
        except FileNotFoundError as error:
            if isinstance(error.__cause__, Exception) and looks_transient(error.__cause__):
                raise error.__cause__ from None
            return {}
        root = root.rstrip("/")
        return {
            path[len(root) :].removeprefix("/") or path: info.get("size")
            for path, info in found.items()
            if path[-1] != "/"
        }

    def write(self, name: str, path: Path) -> None:
        """Upload a file."""
        filesystem, _ = self._connect()
        target = self._path(name)
        if self._links[0].protocol in _HAS_FOLDERS:
            filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
        filesystem.put_file(str(path), target)

    def remove(self, name: str) -> None:
        """Remove a file."""
        filesystem, _ = self._connect()
        with contextlib.suppress(FileNotFoundError):
            filesystem.rm_file(self._path(name))

    def advice(self, error: Exception) -> str | None:
        """Return what to do about an error of a client, where that is no matter of the network."""
        return CLIENT_ADVICE.get(type(error).__name__)

    def _connect(self) -> tuple[Any, str]:
        if self._connected is None:
            self._connected = connect(self._links, self._options, self._reference)
        return self._connected

    def _path(self, name: str) -> str:
        root = self._connect()[1].rstrip("/")
        return f"{root}/{name}" if root else name
