"""Connections to file systems of fsspec, one read through another."""

from __future__ import annotations

import io
import threading
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import attrs

from modelry.errors import InputError
from modelry.storage.filesystems.archives import StoreFile, open_tar, open_zip, reporting_damage
from modelry.storage.filesystems.chain import ALLOWED, client_class, uri_of
from modelry.storage.filesystems.guards import check_guarded, guard_aiohttp, guard_httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.storage.filesystems.chain import Link
    from modelry.storage.options import Budget


_UNSHARED = {"skip_instance_cache": True}


def options_by_protocol(links: tuple[Link, ...], given: Mapping[str, Any], reference: str) -> dict[str, dict[str, Any]]:
    """Return the options of each link's client: `given`, or for a chain, the dict that it has for the protocol.

    Raises:
        InputError: They are not of this form, or one would take the guard off a client.
    """
    names = [link.protocol for link in links]
    if len(links) == 1:
        by_protocol = {names[0]: dict(given)}
    else:
        for name, value in given.items():
            if name not in names or not isinstance(value, dict):
                raise InputError(
                    f"{reference!r} is a chain, so storage_options= takes a dict for each protocol in it, as in "
                    f"{{{names[-1]!r}: {{…}}}}; it has {name!r} with a {type(value).__name__}."
                )
        by_protocol = {name: dict(given.get(name, {})) for name in names}
    for name, options in by_protocol.items():
        check_guarded(name, options, reference)
    return by_protocol


@attrs.frozen
class Connection:
    """A folder that can be read.

    Attributes:
        filesystem: The file system that it is in.
        root: The path of the folder there.
        store_file: The file of the store that the file system is in; `None` if it is not an archive.
        through: The file systems that it is read through, each of which closes its files once it is unreferenced.
    """

    filesystem: Any
    root: str
    store_file: StoreFile | None = None
    through: tuple[Any, ...] = ()

    def path(self, name: str) -> str:
        """Return the path of a file of the folder."""
        return f"{self.root.rstrip('/')}/{name}" if self.root.strip("/") else name


@attrs.define(eq=False)
class Location:
    """A folder as one reference and its options name it, and the connection to it.

    Nothing is shared with other references: fsspec would keep clients, with their credentials and listings.

    Attributes:
        reference: The preset's name in messages.
        links: The parts of the reference.
        options: Protocol → the options of its client.
        budget: The limits of an archive.
        uri: The one spelling of the reference.
        lock: Held while the connection is made; to be held as well while the one handle of an archive is used.
    """

    reference: str
    links: tuple[Link, ...]
    options: Mapping[str, Mapping[str, Any]] = attrs.field(repr=False)
    budget: Budget
    uri: str = attrs.field(init=False)
    lock: threading.RLock = attrs.field(factory=threading.RLock, init=False, repr=False)
    _connected: Connection | None = attrs.field(default=None, init=False, repr=False)

    @uri.default
    def _spelling(self) -> str:
        return uri_of(self.links, self.options)

    def connect(self) -> Connection:
        """Return the file system of the first link, and the path there; made when this is first called.

        Raises:
            StorageError: A client is not installed.
            ChecksumMismatch: An archive is damaged.
            UnsafePresetError: An archive holds more than its budget allows, or other things than files and folders.
            Exception: Whatever a client raises that asks the network when it is created.
        """
        with self.lock:
            if self._connected is None:
                self._connected = self._open()
            return self._connected

    def reconnect(self) -> Connection:
        """Return a connection of new clients, which have no listing of their own yet; raises what `connect` does."""
        with self.lock:
            self._connected = None
            return self.connect()

    def _open(self) -> Connection:
        *archives, place = self.links
        cls = client_class(place.protocol, self.reference)
        arguments, path = _place(place, cls, self.options.get(place.protocol, {}))
        filesystem = cls(**{**arguments, **_UNSHARED})
        if place.protocol in ("webdav", "webdavs"):  # the other clients close their connections themselves
            weakref.finalize(filesystem, filesystem.client.http.close)
        if not archives:
            return Connection(filesystem, path)
        file: Any = StoreFile(open_file(filesystem, place.protocol, path))
        store_file, through = file, [filesystem]
        with reporting_damage(store_file, repr(self.reference)):
            for link in reversed(archives):
                client_class(link.protocol, self.reference)
                options = {**self.options.get(link.protocol, {}), **_UNSHARED}
                open_archive = open_zip if link.protocol == "zip" else open_tar
                filesystem = open_archive(file, self.reference, self.budget, **options)
                path = link.path.strip("/")
                through.append(filesystem)
                if link is not archives[0]:
                    file = open_file(filesystem, link.protocol, path)
        return Connection(filesystem, path, store_file, tuple(through))


def open_file(filesystem: Any, protocol: str, path: str) -> Any:
    """Open a file of a file system for reading."""
    size = ALLOWED[protocol].block_size
    opened = filesystem.open(path, "rb", **({} if size is None else {"block_size": size, "cache_type": "readahead"}))
    # All readers of a file in memory get the same object, with one position for all.
    return io.BytesIO(bytes(opened.getbuffer())) if protocol == "memory" else opened


def _place(link: Link, cls: Any, given: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the arguments for a client's class, with those that are given, and the path that the client knows."""
    if link.protocol in ("http", "https"):
        url = http_url(link)
        return {"encoded": True, **guard_aiohttp(url, given)}, url
    if link.protocol in ("webdav", "webdavs"):
        parts = urlsplit(link.url)
        host = parts.netloc.rpartition("@")[2]
        user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        base = f"{'https' if link.protocol == 'webdavs' else 'http'}://{host}"
        arguments = {"base_url": base, "auth": user, **given}
        return guard_httpx(arguments["base_url"], arguments), unquote(parts.path).strip("/")
    arguments = {**cls._get_kwargs_from_urls(link.url), **given}
    if link.protocol == "s3":  # modelry tries again itself
        arguments["config_kwargs"] = {"retries": {"total_max_attempts": 1}, **(given.get("config_kwargs") or {})}
    if link.protocol in ("sftp", "ssh"):
        # By default sshfs trusts any host; this is what asyncssh does by default, to look into ~/.ssh/known_hosts.
        arguments.setdefault("known_hosts", ())
    return arguments, cls._strip_protocol(link.url)


def http_url(link: Link) -> str:
    """Return the URL of a link, quoted where it is not yet: the client does not quote again."""
    return quote(link.url, safe="%/:=&?~#+!$,;'@()*[]")
