"""A place in a file system that a preset is published to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from modelry.storage.budget import Budget
from modelry.storage.destination import RemoteDestination
from modelry.storage.filesystems.connect import Connection, connect
from modelry.storage.filesystems.listing import find, name_of, raise_other
from modelry.storage.filesystems.source import CLIENT_ADVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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
        self._connected: Connection | None = None

    def files(self) -> dict[str, int | None]:
        """List the folder, as it is now."""
        self._connected = None  # a new client, which has no listing of its own yet
        there = self._connect()
        found = find(there.filesystem, there.root)
        return {name_of(path, there.root) or path: info.get("size") for path, info in found.items()}

    def write(self, name: str, path: Path, sent: Callable[[int], None]) -> None:
        """Upload a file."""
        from fsspec.callbacks import Callback

        filesystem = self._connect().filesystem
        target = self._path(name)
        if self._links[0].protocol in _HAS_FOLDERS:
            filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
        filesystem.put_file(str(path), target, callback=Callback(hooks={"sent": _steps(sent)}))

    def remove(self, name: str) -> None:
        """Remove a file."""
        filesystem = self._connect().filesystem
        try:
            filesystem.rm_file(self._path(name))
        except FileNotFoundError as error:
            raise_other(error)

    def advice(self, error: Exception) -> str | None:
        """Return what to do about an error of a client, where that is no matter of the network."""
        return CLIENT_ADVICE.get(type(error).__name__)

    def _connect(self) -> Connection:
        if self._connected is None:
            self._connected = connect(self._links, self._options, self._reference, Budget())
        return self._connected

    def _path(self, name: str) -> str:
        root = self._connect().root.rstrip("/")
        return f"{root}/{name}" if root else name


def _steps(sent: Callable[[int], None]) -> Callable[..., None]:
    """Return a hook of fsspec's callbacks, which are told how far a file is, that tells by how much it has moved."""
    before = 0

    def told(size: int | None, value: int, **_: Any) -> None:
        nonlocal before
        sent(value - before)
        before = value

    return told
