"""Listings and references in the cache, for when the store cannot be asked."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import StorageError
from modelry.storage.cache.layout import hash_key, write_text
from modelry.storage.remote_source import RemoteFile, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelry.storage.cache.cache import Cache
    from modelry.storage.cache.layout import Layout


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


def remember(cache: Cache, uri: str, snapshot: Snapshot) -> None:
    """Record that a reference leads to a version."""
    name = snapshot_id(uri, snapshot)
    listing = cache.own.listing(name)
    if _read_listing(listing, uri, name) is None:
        write_text(cache.own, listing, json.dumps({"uri": uri, **_as_json(snapshot)}, ensure_ascii=False))
    ref = Ref(uri, snapshot.revision, name)
    write_text(cache.own, cache.own.ref(uri), json.dumps(attrs.asdict(ref), ensure_ascii=False))


def recall(cache: Cache, uri: str) -> Snapshot | None:
    """Return the last known version of a reference, or `None`."""
    for layer in cache.layers:
        ref = read_ref(layer.ref(uri))
        snapshot = listing_of(layer, ref) if ref is not None and ref.uri == uri else None
        if snapshot is not None:
            with contextlib.suppress(OSError):  # when a reference was used last is the time of its file
                os.utime(layer.ref(uri))
            return snapshot
    return None


def refs(layer: Layout) -> Iterator[tuple[Path, Ref]]:
    """Yield the references of a layer, each with its file."""
    for path in sorted((layer.root / "refs").glob("*.json")):
        ref = read_ref(path)
        if ref is not None:
            yield path, ref


def read_ref(path: Path) -> Ref | None:
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
