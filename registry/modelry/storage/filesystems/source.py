"""Reading a preset from a file system that can list its files."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, final

import attrs

from modelry.errors import ChecksumMismatch, ModelryError, PresetNotFound, StorageError
from modelry.storage.client_errors import changed_error, looks_transient, not_a_folder_error, status_of
from modelry.storage.filesystems.archives import damaged, reporting_damage
from modelry.storage.filesystems.connect import open_file
from modelry.storage.remote_source import ByteStream, RemoteFile, RemoteSource, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.storage.filesystems.connect import Connection, Location


_CHUNK = 2**20

# By the names of the classes, since clients are imported only where they are used.
_CREDENTIALS = "Pass credentials with storage_options=, or as the store's own tools take them."
CLIENT_ADVICE = {
    "HostKeyNotVerifiable": "Connect to the host once with ssh, which adds it to ~/.ssh/known_hosts.",
    "NoCredentialsError": _CREDENTIALS,
    "PartialCredentialsError": _CREDENTIALS,
    "PermissionDenied": _CREDENTIALS,
}


@final
@attrs.frozen
class FilesystemSource(RemoteSource):
    """A folder of a file system."""

    location: Location

    @property
    def uri(self) -> str:
        """The one spelling of the reference."""
        return self.location.uri

    @property
    def at_once(self) -> int:
        """One in an archive, whose files share one handle; elsewhere what is usual."""
        return 1 if len(self.location.links) > 1 else super().at_once

    def resolve(self) -> Snapshot:
        """List the folder, as it is now."""
        place = self._place_validator()
        there = self.location.reconnect()
        root = there.root
        found = find(there.filesystem, root)
        if not found:
            raise PresetNotFound(
                f"There is nothing at {self.location.reference!r}. Check the reference, and who may list it."
            )
        if {path.strip("/") for path in found} == {root.strip("/")}:
            raise not_a_folder_error(self.location.reference)
        return Snapshot(tuple(_file(relative_name(path, root), info, place) for path, info in found.items()))

    @contextlib.contextmanager
    def read(self, snapshot: Snapshot, file: RemoteFile, offset: int) -> Iterator[ByteStream]:
        """Read from `offset` on, and see at the end whether it still is the file that was listed."""
        there = self.location.connect()
        path = there.path(file.name)
        with contextlib.nullcontext() if there.store_file is None else self.location.lock:
            with self._telling_damage(there, path, file):
                opened = open_file(there.filesystem, self.location.links[0].protocol, path)
            with opened:
                if offset:
                    with self._telling_damage(there, path, file):
                        opened.seek(offset)
                yield ByteStream(self._chunks(there, path, file, opened, offset), offset)
            if file.sha256 is None:
                self._check_unchanged(there.filesystem, path, file)

    def _chunks(self, there: Connection, path: str, file: RemoteFile, opened: Any, offset: int) -> Iterator[bytes]:
        """Yield what an open file holds from here on."""
        while True:
            with self._telling_damage(there, path, file):
                chunk = opened.read(_CHUNK)
                offset += len(chunk)
                if not chunk and there.store_file is not None and file.size not in (None, offset):
                    raise damaged(f"{file.name} of {self.location.reference!r}", f"{offset:,} of {file.size:,} bytes")
            if not chunk:
                return
            yield chunk

    @contextlib.contextmanager
    def _telling_damage(self, there: Connection, path: str, file: RemoteFile) -> Iterator[None]:
        """Tell a damaged archive from a store that fails, and from one that has another archive now."""
        if there.store_file is None:
            yield
            return
        try:
            with reporting_damage(there.store_file, f"{file.name} of {self.location.reference!r}"):
                yield
        except ChecksumMismatch:
            self._check_unchanged(there.filesystem, path, file)
            raise

    def is_transient(self, error: Exception) -> bool | None:
        """Return whether another try may help, by the cause of a `FileNotFoundError`."""
        if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception):
            return looks_transient(error.__cause__)
        return None

    def advice(self, error: Exception) -> str | None:
        """Return advice on an error of a client that the network did not cause."""
        return CLIENT_ADVICE.get(type(error).__name__)

    def _place_validator(self) -> str | None:
        """Return what tells that an archive has changed."""
        if len(self.location.links) == 1:
            return None
        place = attrs.evolve(self.location, links=self.location.links[-1:]).connect()
        try:
            validator = validator_of(place.filesystem.info(place.root))
        except FileNotFoundError as error:
            raise_hidden_error(error)
            raise PresetNotFound(f"There is no archive where {self.location.reference!r} has it.") from None
        if validator is None:
            raise StorageError(
                f"The server of {self.location.reference!r} tells neither an ETag nor a time of the archive, so a "
                "change of it could not be seen. Fetch the archive, and open the file: zip://folder::/path/presets.zip"
            )
        return validator

    def _check_unchanged(self, filesystem: Any, path: str, file: RemoteFile) -> None:
        filesystem.invalidate_cache()
        now = _file(file.name, filesystem.info(path), self._place_validator())
        if now.validator != file.validator:
            raise changed_error(file.name, self.location.reference)


def _file(name: str, info: Mapping[str, Any], place: str | None) -> RemoteFile:
    """Return the facts that a client reports of a file."""
    validator = validator_of(info)
    if place is not None:
        validator = f"{validator} in {place}"
    size = info.get("size")
    return RemoteFile(name, size if isinstance(size, int) else None, validator=validator)


def find(filesystem: Any, root: str) -> dict[str, Mapping[str, Any]]:
    """Return path → facts of every file below a folder, or of the file at `root`; nothing if nothing is there.

    Raises:
        Exception: Whatever the client raises.
    """
    try:
        found = filesystem.find(root, detail=True)
    except FileNotFoundError as error:
        raise_hidden_error(error)
        return {}
    if not isinstance(found, dict):  # as Azure's client has it where `root` is a file
        found = {path: {} for path in found}
    return {path: info for path, info in found.items() if path[-1] != "/"}


def relative_name(path: str, root: str) -> str:
    """Return how a preset in the folder `root` names the file at `path`; the empty text for `root` itself."""
    root = root.rstrip("/")
    return path[len(root) :].removeprefix("/") if path.startswith(root) else path


def raise_hidden_error(error: FileNotFoundError) -> None:
    """Raise the cause of a `FileNotFoundError` that is not about a missing file: fsspec has one for any HTTP error."""
    cause = error.__cause__
    if isinstance(cause, ModelryError):  # a guard's
        raise cause from None
    if isinstance(cause, Exception) and status_of(cause) not in (None, 404, 410):
        raise cause from None
    if isinstance(cause, Exception) and looks_transient(cause):
        raise cause from None


# The first that a client tells is taken: listings and single questions do not tell the same about the others.
_MARKS = (
    ("ETag", "etag"),
    ("generation",),
    ("CRC",),
    ("Last-Modified", "last_modified", "LastModified", "modified", "updated", "mtime"),
    ("created",),
)


def validator_of(info: Mapping[str, Any]) -> str | None:
    """Return a mark that changes with the file, as its client reports it; `None` if it reports none."""
    for names in _MARKS:
        for name in names:
            value = info.get(name)
            if value not in (None, ""):
                return f"{names[0]}={_text(value)} size={info.get('size')}"
    return None


def _text(value: Any) -> str:
    if hasattr(value, "timestamp"):  # a client may tell the same time as a number or as a date
        value = value.timestamp()
    return repr(value) if isinstance(value, float) else str(value).removeprefix("W/").strip('"')
