"""`s3://`, `gs://`, `az://`, `https://`, `sftp://`, `webdav://`, `memory://`, and `zip://` and `tar://` in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final
from urllib.parse import urlsplit

import attrs

from modelry.errors import InputError
from modelry.storage.destination import RemoteDestination
from modelry.storage.filesystems.chain import parse_links
from modelry.storage.filesystems.connect import Location, options_by_protocol
from modelry.storage.filesystems.guards import is_this_machine
from modelry.storage.filesystems.http import HttpSource
from modelry.storage.filesystems.source import CLIENT_ADVICE, FilesystemSource, find, raise_hidden_error, relative_name
from modelry.storage.handler import refuse_publishing
from modelry.storage.options import COMMON_OPTIONS, COMMON_PUBLISHING_OPTIONS, Budget
from modelry.storage.remote import RemoteStorage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelry.storage.filesystems.chain import Link
    from modelry.storage.options import OpenOptions
    from modelry.storage.paths import Reference
    from modelry.storage.remote_source import RemoteSource


_OPTIONS = (*COMMON_OPTIONS, "storage_options")


@final
class FsspecStorage(RemoteStorage):
    """Opens presets in what fsspec has a client for, with the client that is installed."""

    def source(self, reference: Reference, options: OpenOptions) -> RemoteSource:
        """Parse a reference; raises what `RemoteStorage.source` does."""
        links = parse_links(reference)
        place = links[-1]
        is_http = place.protocol in ("http", "https")
        options.allow_only((*_OPTIONS, "token") if is_http else _OPTIONS, reference)
        by_protocol = options_by_protocol(links, options.storage_options or {}, reference.text)
        if options.token is not None:
            _add_token(by_protocol[place.protocol], options.token, place)
        location = Location(reference.text, links, by_protocol, options.limits)
        return HttpSource(location) if is_http and len(links) == 1 else FilesystemSource(location)

    def destination(self, reference: Reference, options: OpenOptions) -> FilesystemDestination:
        """Parse a reference; raises what `RemoteStorage.destination` does."""
        links = parse_links(reference)
        if len(links) > 1:
            refuse_publishing(reference, "it is in an archive, which is written whole or not at all")
        if links[0].protocol in ("http", "https"):
            refuse_publishing(reference, "web servers have no common way to write files")
        options.allow_only((*COMMON_PUBLISHING_OPTIONS, "storage_options"), reference, "published")
        by_protocol = options_by_protocol(links, options.storage_options or {}, reference.text)
        return FilesystemDestination(Location(reference.text, links, by_protocol, Budget()))


def _add_token(client: dict[str, Any], token: str, place: Link) -> None:
    host = urlsplit(place.url).hostname
    if place.protocol == "http" and not is_this_machine(host or ""):
        raise InputError(f"token= would be sent to {host!r} in the clear. Use https://, or leave token= out.")
    client["headers"] = {**client.get("headers", {}), "Authorization": f"Bearer {token}"}


# Object stores have no folders, and asked to make one, some of their clients make a bucket.
_HAS_FOLDERS = ("memory", "sftp", "ssh", "webdav", "webdavs")


@final
@attrs.frozen
class FilesystemDestination(RemoteDestination):
    """A folder of a file system, not in an archive."""

    location: Location

    def files(self) -> dict[str, int | None]:
        """List the folder, as it is now."""
        there = self.location.reconnect()
        found = find(there.filesystem, there.root)
        return {relative_name(path, there.root) or path: info.get("size") for path, info in found.items()}

    def write(self, name: str, path: Path, sent: Callable[[int], None]) -> None:
        """Upload a file."""
        from fsspec.callbacks import Callback

        there = self.location.connect()
        target = there.path(name)
        if self.location.links[0].protocol in _HAS_FOLDERS:
            there.filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
        there.filesystem.put_file(str(path), target, callback=Callback(hooks={"sent": _steps(sent)}))

    def remove(self, name: str) -> None:
        """Remove a file."""
        there = self.location.connect()
        try:
            there.filesystem.rm_file(there.path(name))
        except FileNotFoundError as error:
            raise_hidden_error(error)

    def advice(self, error: Exception) -> str | None:
        """Return advice on an error of a client that the network did not cause."""
        return CLIENT_ADVICE.get(type(error).__name__)


def _steps(sent: Callable[[int], None]) -> Callable[..., None]:
    """Return a hook for fsspec's callbacks, which report positions; the hook passes on increments."""
    before = 0

    def moved(size: int | None, value: int, **_: Any) -> None:
        nonlocal before
        sent(value - before)
        before = value

    return moved
