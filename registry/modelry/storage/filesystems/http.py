"""Reading a preset from a web server, whose manifest lists the files: listings of web servers are not reliable."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any, final
from urllib.parse import quote

import attrs

from modelry.errors import PresetNotFound, StorageError
from modelry.storage.client_errors import Interrupted, not_a_folder_error
from modelry.storage.filesystems.connect import http_url
from modelry.storage.integrity import LARGEST_MANIFEST, MANIFEST, parse_checksums
from modelry.storage.remote_source import ByteStream, RemoteFile, RemoteSource, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.storage.filesystems.connect import Location


_CHUNK = 2**20


@final
@attrs.frozen
class HttpSource(RemoteSource):
    """A folder of a web server."""

    location: Location

    @property
    def uri(self) -> str:
        """The one spelling of the reference."""
        return self.location.uri

    def resolve(self) -> Snapshot:
        """Read the manifest."""
        try:
            with self._open(MANIFEST, 0) as stream:
                content = _read(stream, LARGEST_MANIFEST, self.location.reference)
        except FileNotFoundError:
            if self._is_a_file():
                raise not_a_folder_error(self.location.reference) from None
            raise PresetNotFound(
                f"There is no {MANIFEST} at {self.location.reference!r}, which must list the files of the preset: a "
                "web server does not. Save the preset with modelry, or publish it as an archive and open "
                "zip://folder::https://…"
            ) from None
        listed = parse_checksums(content, self.location.reference)
        files = [RemoteFile(name, size, sha256) for name, (size, sha256) in listed.items() if name != MANIFEST]
        manifest = RemoteFile(MANIFEST, len(content), hashlib.sha256(content).hexdigest())
        return Snapshot((manifest, *files))

    @contextlib.contextmanager
    def read(self, snapshot: Snapshot, file: RemoteFile, offset: int) -> Iterator[ByteStream]:
        """Read from `offset` on, or from the start if the server cannot do otherwise."""
        try:
            with self._open(file.name, offset) as stream:
                yield stream
        except FileNotFoundError:
            raise StorageError(
                f"{file.name} of {self.location.reference!r} is not there, though {MANIFEST} lists it. The preset was "
                "published in part or is being replaced; try again, or publish it again."
            ) from None

    @contextlib.contextmanager
    def _open(self, name: str, offset: int) -> Iterator[ByteStream]:
        filesystem = self.location.connect().filesystem
        url = self._url(f"{self.location.links[0].path.rstrip('/')}/{quote(name)}")
        headers = {**filesystem.kwargs.get("headers", {}), "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        # A block size of 0 makes it one request, and a size, which is then not used, saves asking for it.
        with filesystem.open(url, "rb", block_size=0, size=1, headers=headers) as opened:
            response = opened.r
            start = _start(response, offset)
            yield ByteStream(iter(lambda: opened.read(_CHUNK), b""), start)

    def _is_a_file(self) -> bool:
        """Return whether the server has a file where the folder should be; a page that lists a folder is none."""
        try:
            told = self.location.connect().filesystem.info(self._url(self.location.links[0].path))
        except FileNotFoundError:  # or any other error of HTTP, as fsspec has it
            return False
        return told.get("mimetype") not in (None, "text/html", "application/xhtml+xml")

    def _url(self, path: str) -> str:
        return http_url(attrs.evolve(self.location.links[0], path=path))


def _start(response: Any, offset: int) -> int:
    """Return where the bytes of a response start."""
    if not offset or response.status != 206:
        return 0
    told = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0].strip()
    if not told.isdigit():
        raise Interrupted("the server does not say which part of the file it sends")
    return int(told)


def _read(stream: ByteStream, limit: int, reference: str) -> bytes:
    content = b""
    for chunk in stream.chunks:
        content += chunk
        if len(content) > limit:
            raise StorageError(f"{MANIFEST} of {reference!r} is larger than {limit:,} bytes, so it is not a manifest.")
    return content
