"""The cache as those see it who open presets: one folder that is written, over others that are only read."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING

import attrs

from modelry.storage.cache.checking import is_intact, note_intact
from modelry.storage.cache.layout import move_in, write_text
from modelry.storage.cache.locks import locked
from modelry.storage.cache.part import Part

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from modelry.storage.cache.layout import Layout


@attrs.frozen
class Cache:
    """What was fetched before, in all layers.

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

        A damaged one in the writable layer is dropped: it is of no use to anybody.
        """
        for layer in self.layers:
            blob = layer.blob(sha256)
            if not os.path.lexists(blob):  # and nothing to drop, which somebody may be putting there now
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
        """Return the SHA-256 of what a store knows under a token, if it was ever fetched."""
        for layer in self.layers:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                found = layer.digest(token).read_text()
                if len(found) == 64 and not set(found) - set("0123456789abcdef"):
                    return found
        return None

    def learn(self, token: str, sha256: str) -> None:
        """Note the SHA-256 of what a store knows under a token."""
        if self.digest(token) != sha256:
            write_text(self.own, self.own.digest(token), sha256)

    def new_part(self, key: str) -> Part:
        """Return what to write a file to that is being fetched; a context manager."""
        return Part(self.own, key)

    def keep(self, part: Part) -> Path:
        """Make a complete part the file of its content."""
        blob = part.publish()
        note_intact(blob, self.own)
        return blob

    def place(self, blob: Path, snapshot_id: str, name: str) -> Path:
        """Return a path that ends in `name`, of the content of a blob that has been checked."""
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
                move_in(fresh, path)
            finally:
                fresh.unlink(missing_ok=True)
        return path

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Return a lock between those who fetch the same file."""
        return locked(self.own, key)


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
