"""Where things lie in a cache folder.

```
<folder>/v1/CACHEDIR.TAG                what backup programs look for
            blobs/ab/<sha256>           a file's content, read-only, there in full or not at all
            snapshots/<id>/<name>       the same files by their names in one version of a preset: hard links
            listings/<id>.json          the listing of that version
            refs/<key>.json             which version a reference led to last; the key is a hash of the reference
            digests/ab/<token>          the SHA-256 of what a store knows by an ETag or another digest
            checks/ab/<key>             size, time and inode of a large file when it was last hashed
            tmp/<key>.<host>.<pid>.<random>.part    what is being fetched
            locks/<key>.lock            who fetches it
```
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "v1"
# The signature that https://bford.info/cachedir/ asks for.
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Files that modelry fetched. They can be fetched again.\n"


@attrs.frozen
class Layout:
    """The paths inside one cache folder.

    Attributes:
        root: The folder of this version of the layout.
    """

    root: Path

    def blob(self, sha256: str) -> Path:
        """Return where content lies."""
        return self.root / "blobs" / sha256[:2] / sha256

    def snapshot(self, snapshot_id: str) -> Path:
        """Return the folder of one version of a preset."""
        return self.root / "snapshots" / snapshot_id

    def listing(self, snapshot_id: str) -> Path:
        """Return the file that lists one version of a preset."""
        return self.root / "listings" / f"{snapshot_id}.json"

    def ref(self, uri: str) -> Path:
        """Return the file that tells which version a reference led to."""
        return self.root / "refs" / f"{key_of(uri)}.json"

    def digest(self, token: str) -> Path:
        """Return the file that tells the SHA-256 of what a store knows otherwise."""
        return self.root / "digests" / token[:2] / token

    def check(self, path: Path) -> Path:
        """Return the file that tells when a file was last hashed."""
        key = key_of(str(path))
        return self.root / "checks" / key[:2] / key

    def tmp(self) -> Path:
        """Return the folder of what is not complete, created if need be."""
        folder = self.root / "tmp"
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            tag = self.root / "CACHEDIR.TAG"
            if not tag.exists():
                write_text(self, tag, _TAG)
        return folder

    def lock(self, key: str) -> Path:
        """Return the file of a lock."""
        return self.root / "locks" / f"{key}.lock"


def key_of(value: Any) -> str:
    """Return the hash of a JSON value, to be used as a name."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def write_text(layout: Layout, path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    fresh = layout.tmp() / f"{secrets.token_hex(8)}.text"
    try:
        with fresh.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        move_in(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def move_in(fresh: Path, path: Path) -> None:
    """Give a complete file its name, in place of what may have it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(fresh, path)
