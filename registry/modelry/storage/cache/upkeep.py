"""Upkeep of the cache: list, check and prune what it holds."""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import TYPE_CHECKING

import attrs

from modelry.storage.cache.cache import Cache, is_intact, listing_of, refs, token_of
from modelry.storage.cache.layout import locked
from modelry.storage.cache.part import orphans

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelry.storage.cache.cache import Ref
    from modelry.storage.cache.layout import Layout


IN_USE = 3600.0
"""Seconds for which fetched or opened files are never removed: a process may be loading them."""

_FORSAKEN = 24 * 3600.0
"""Seconds after which the partial downloads of other machines are removed."""


@attrs.frozen
class Entry:
    """A preset in the cache.

    Attributes:
        path: The file that remembers it.
        ref: Its reference, and the version that it led to.
        used: When it was opened last, in seconds since 1970.
        files: How many files the preset has.
        blobs: Files that are in the cache: SHA-256 → size in bytes.
    """

    path: Path
    ref: Ref
    used: float
    files: int
    blobs: dict[str, int]

    @property
    def size(self) -> int:
        """The size of the cached files, in bytes."""
        return sum(self.blobs.values())


def entries(layer: Layout) -> list[Entry]:
    """Return the presets of a layer, the one that was opened last first."""
    found = []
    for path, ref in refs(layer):
        snapshot = listing_of(layer, ref)
        with contextlib.suppress(OSError):  # removed in the meantime
            used = path.stat().st_mtime
            blobs: dict[str, int] = {}
            for file in () if snapshot is None else snapshot.files:
                digest = file.sha256 or Cache((layer,)).digest(token_of(ref.uri, file))
                if digest is not None and layer.blob(digest).is_file():
                    blobs[digest] = layer.blob(digest).stat().st_size
            count = 0 if snapshot is None else len(snapshot.files)
            found.append(Entry(path, ref, used, count, blobs))
    return sorted(found, key=lambda entry: -entry.used)


def damaged(layer: Layout) -> Iterator[tuple[str, bool]]:
    """Hash every file of a layer; yield its expected SHA-256 and whether it matches. Wrong files are removed."""
    for path in sorted((layer.root / "blobs").glob("*/*")):
        right = is_intact(path, path.name, full=True, notes=layer)
        if not right:
            path.unlink(missing_ok=True)
        yield path.name, right


def prune(layer: Layout, max_size: int | None = None) -> int:
    """Remove unreferenced files from a layer, and return how many bytes that were.

    Beyond `max_size` bytes of all presets together, those that were opened longest ago are removed too. Files that were
    fetched or opened within the last hour stay in any case.
    """
    if not layer.root.is_dir():
        return 0
    with locked(layer, "prune"):
        before = _size(layer)
        kept: dict[str, int] = {}
        snapshots = set()
        for entry in entries(layer):
            together = kept | entry.blobs
            if max_size is not None and sum(together.values()) > max_size and not _in_use(entry.path):
                entry.path.unlink(missing_ok=True)
                continue
            kept = together
            snapshots.add(entry.ref.snapshot_id)
        _remove_others(layer, kept, snapshots)
        return before - _size(layer)


def _remove_others(layer: Layout, kept: dict[str, int], snapshots: set[str]) -> None:
    """Remove everything else: names before content, so that no name is ever without content."""
    for folder in (layer.root / "snapshots").glob("*"):
        if folder.name not in snapshots and not _in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)
    for listing in (layer.root / "listings").glob("*.json"):
        if listing.stem not in snapshots and not _in_use(listing):
            listing.unlink(missing_ok=True)
    for blob in (layer.root / "blobs").glob("*/*"):
        if blob.name not in kept and not _in_use(blob):
            blob.unlink(missing_ok=True)
    for note in (layer.root / "digests").glob("*/*"):
        with contextlib.suppress(OSError):
            if not layer.blob(note.read_text()).is_file() and not _in_use(note):
                note.unlink(missing_ok=True)
    left = set(orphans(layer))
    for path in layer.tmp().iterdir():
        if path in left or not _in_use(path, _FORSAKEN):
            path.unlink(missing_ok=True)


def _in_use(path: Path, seconds: float = IN_USE) -> bool:
    try:
        return time.time() - path.stat().st_mtime < seconds
    except OSError:
        return False


def _size(layer: Layout) -> int:
    """Return the bytes of a layer's files, each content once."""
    sizes = {}
    for path in layer.root.rglob("*"):
        with contextlib.suppress(OSError):
            facts = path.lstat()
            if path.is_file():
                sizes[facts.st_dev, facts.st_ino] = facts.st_size
    return sum(sizes.values())
