"""`s3://`, `gs://`, `az://`, `https://`, `sftp://`, `webdav://`, `memory://`, and `zip://` and `tar://` in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, final
from urllib.parse import urlsplit

from modelry.errors import InputError
from modelry.storage.filesystems.connect import options_by_protocol
from modelry.storage.filesystems.destination import FilesystemDestination
from modelry.storage.filesystems.http import HttpSource
from modelry.storage.filesystems.identity import uri_of
from modelry.storage.filesystems.links import parse_links
from modelry.storage.filesystems.source import FilesystemSource
from modelry.storage.loopback import is_this_machine
from modelry.storage.options import AROUND, AROUND_PUBLISHING
from modelry.storage.release import refuse
from modelry.storage.remote import RemoteSource, RemoteStorage

if TYPE_CHECKING:
    from typing import Any

    from modelry.storage.filesystems.links import Link
    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Reference

_OPTIONS = (*AROUND, "storage_options")


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
        uri = uri_of(links, by_protocol)
        if options.token is not None:
            _add_token(by_protocol[place.protocol], options.token, place)
        if is_http and len(links) == 1:
            return HttpSource(reference.text, uri, place, by_protocol, options.limits)
        return FilesystemSource(reference.text, uri, links, by_protocol, options.limits)

    def destination(self, reference: Reference, options: OpenOptions) -> FilesystemDestination:
        """Parse a reference; raises what `RemoteStorage.destination` does."""
        links = parse_links(reference)
        if len(links) > 1:
            refuse(reference, "it is in an archive, which is written whole or not at all")
        if links[0].protocol in ("http", "https"):
            refuse(reference, "web servers have no common way to write files")
        options.allow_only((*AROUND_PUBLISHING, "storage_options"), reference, "published")
        by_protocol = options_by_protocol(links, options.storage_options or {}, reference.text)
        return FilesystemDestination(reference.text, links, by_protocol)


def _add_token(client: dict[str, Any], token: str, place: Link) -> None:
    host = urlsplit(place.url).hostname
    if place.protocol == "http" and not is_this_machine(host or ""):
        raise InputError(f"token= would be sent to {host!r} in the clear. Use https://, or leave token= out.")
    client["headers"] = {**client.get("headers", {}), "Authorization": f"Bearer {token}"}
