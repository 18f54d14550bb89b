"""The preset cache, one writable layer over read-only ones: files, and listings for when the store cannot be asked."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import stat
from typing import TYPE_CHECKING, Any

import attrs

from modelry._atomic import move_into_place
from modelry.errors import StorageError
from modelry.storage.cache.layout import hash_key, write_text
from modelry.storage.integrity import sha256_of
from modelry.storage.remote_source import RemoteFile, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelry.storage.cache.layout import Layout
    from modelry.storage.cache.part import Part


@attrs.frozen
class Cache:
    """Files fetched before, in all layers.

    Attributes:
        layers: The layers, the writable one first.
        full: Whether every file is hashed whenever it is opened.
    """

    layers: tuple[Layout, ...]
    full: bool = False

    @property
    def own(self) -> Layout:
        """The layer that is written to."""
        return self.layers[0]

    def find(self, sha256: str) -> Path | None:
        """Return the file with this content, which has been checked.

        A damaged file in the writable layer is removed.
        """
        for layer in self.layers:
            blob = layer.blob(sha256)
            if not os.path.lexists(blob):  # nor anything to remove, which another process may be putting there now
                continue
            if is_intact(blob, sha256, full=self.full, notes=self.own):
                return blob
            if layer is self.own:
                with contextlib.suppress(OSError):
                    blob.unlink(missing_ok=True)
        return None

    def has(self, sha256: str) -> bool:
        """Return whether there seems to be a file with this content, without reading it."""
        return any(layer.blob(sha256).is_file() for layer in self.layers)

    def digest(self, token: str) -> str | None:
        """Return the SHA-256 of the file that a store knows under a token, if it was ever fetched."""
        for layer in self.layers:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                found = layer.digest(token).read_text()
                if len(found) == 64 and not set(found) - set("0123456789abcdef"):
                    return found
        return None

    def record_digest(self, token: str, sha256: str) -> None:
        """Record the SHA-256 of the file that a store knows under a token."""
        if self.digest(token) != sha256:
            write_text(self.own, self.own.digest(token), sha256)

    def keep(self, part: Part) -> Path:
        """Turn a complete part into the blob of its content."""
        blob = part.publish()
        note_intact(blob, self.own)
        return blob

    def link(self, blob: Path, snapshot_id: str, name: str) -> Path:
        """Return a path that ends in `name`, linked to a blob that has been checked."""
        for layer in self.layers:
            path = layer.snapshot(snapshot_id) / name
            if _is_same(path, blob):
                return path
        path = self.own.snapshot(snapshot_id) / name
        # Where a file system has no hard links, the copy is as good as the blob, which has just been checked.
        if path.is_symlink() or not is_intact(path, blob.name, full=self.full, notes=self.own):
            fresh = self.own.tmp() / f"{secrets.token_hex(8)}.link"
            try:
                _link(blob, fresh)
                path.parent.mkdir(parents=True, exist_ok=True)
                move_into_place(fresh, path)
            finally:
                fresh.unlink(missing_ok=True)
        return path

    def remember(self, uri: str, snapshot: Snapshot) -> None:
        """Record that a reference leads to a version; raises OSError where that is not possible."""
        name = snapshot_id(uri, snapshot)
        listing = self.own.listing(name)
        if _read_listing(listing, uri, name) is None:
            write_text(self.own, listing, json.dumps({"uri": uri, **_as_json(snapshot)}, ensure_ascii=False))
        ref = Ref(uri, snapshot.revision, name)
        write_text(self.own, self.own.ref(uri), json.dumps(attrs.asdict(ref), ensure_ascii=False))

    def recall(self, uri: str) -> Snapshot | None:
        """Return the last known version of a reference, or `None`."""
        for layer in self.layers:
            ref = _read_ref(layer.ref(uri))
            snapshot = listing_of(layer, ref) if ref is not None and ref.uri == uri else None
            if snapshot is not None:
                with contextlib.suppress(OSError):  # when a reference was used last is the time of its file
                    os.utime(layer.ref(uri))
                return snapshot
        return None


def _is_same(path: Path, blob: Path) -> bool:
    try:
        return os.path.samestat(path.lstat(), blob.lstat())
    except OSError:
        return False


def _link(blob: Path, path: Path) -> None:
    try:
        os.link(blob, path)
    except OSError:
        shutil.copyfile(blob, path)
        os.chmod(path, 0o444)


SMALL = 64 * 2**20
"""Files up to this size, in bytes, are hashed each time they are opened; it takes less than a tenth of a second."""


def is_intact(path: Path, sha256: str, *, full: bool, notes: Layout) -> bool:
    """Return whether a file is a regular one with this content.

    Unless `full`, a large file is not hashed if its size, time and inode are those that `notes` has of the last time.
    """
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            return False
        if facts.st_size > SMALL and not full and _noted(notes, path) == _fingerprint(facts):
            return True
        if sha256_of(path) != sha256:
            return False
    except OSError:
        return False
    note_intact(path, notes)
    return True


def note_intact(path: Path, notes: Layout) -> None:
    """Record that a file has just been hashed, if it is large."""
    facts = path.lstat()
    if facts.st_size > SMALL and _noted(notes, path) != _fingerprint(facts):
        with contextlib.suppress(OSError):  # a cache that cannot be written: the file is hashed again next time
            write_text(notes, notes.check(path), _fingerprint(facts))


def _fingerprint(facts: os.stat_result) -> str:
    return f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ino} {facts.st_dev}"


def _noted(notes: Layout, path: Path) -> str | None:
    try:
        return notes.check(path).read_text()
    except (OSError, UnicodeDecodeError):
        return None


@attrs.frozen
class Ref:
    """The last known version of a reference.

    Attributes:
        uri: Its one spelling, without secrets.
        revision: The version it led to, if the store has versions.
        snapshot_id: The name of that version in the cache.
    """

    uri: str
    revision: str | None
    snapshot_id: str


def snapshot_id(uri: str, snapshot: Snapshot) -> str:
    """Return the name that a version of a preset has in the cache."""
    return hash_key([uri, _as_json(snapshot)])


def token_of(uri: str, file: RemoteFile) -> str:
    """Return the key under which the cache records the SHA-256 of a file, if its store has another mark for it."""
    if file.git_sha1 is not None:
        return hash_key(["git", file.git_sha1])
    return hash_key([uri, file.name, file.validator or file.sha256])


def refs(layer: Layout) -> Iterator[tuple[Path, Ref]]:
    """Yield the references of a layer, each with its file."""
    for path in sorted((layer.root / "refs").glob("*.json")):
        ref = _read_ref(path)
        if ref is not None:
            yield path, ref


def _read_ref(path: Path) -> Ref | None:
    """Read the file of a reference; `None` if there is none, or it is damaged."""
    values = _read(path)
    try:
        return None if values is None else Ref(values["uri"], values["revision"], values["snapshot_id"])
    except KeyError:
        return None


def listing_of(layer: Layout, ref: Ref) -> Snapshot | None:
    """Return the version that a reference of a layer leads to; `None` if its listing is missing or damaged."""
    return _read_listing(layer.listing(ref.snapshot_id), ref.uri, ref.snapshot_id)


def _read_listing(path: Path, uri: str, name: str) -> Snapshot | None:
    values = _read(path)
    try:
        if values is None or values["uri"] != uri:
            return None
        snapshot = Snapshot(tuple(RemoteFile(**facts) for facts in values["files"]), values["revision"])
    except (KeyError, TypeError, StorageError):
        return None
    return snapshot if snapshot_id(uri, snapshot) == name else None  # its name is a hash of what it says


def _as_json(snapshot: Snapshot) -> dict[str, Any]:
    files = sorted((attrs.asdict(file) for file in snapshot.files), key=lambda facts: str(facts["name"]))
    return {"revision": snapshot.revision, "files": files}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None
