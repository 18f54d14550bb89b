"""Paths in a cache folder, small files written there, and locks between processes.

```
<folder>/v1/CACHEDIR.TAG                tells backup programs to skip the folder
            blobs/ab/<sha256>           a file's content, read-only, there in full or not at all
            snapshots/<id>/<name>       the same files by their names in one version of a preset: hard links
            listings/<id>.json          the listing of that version
            refs/<key>.json             which version a reference led to last; the key is a hash of the reference
            digests/ab/<token>          the SHA-256 of the file that a store knows by an ETag or another digest
            checks/ab/<key>             size, time and inode of a large file when it was last hashed
            tmp/<key>.<host>.<pid>.<random>.part    a download under way
            locks/<key>.lock            held by the process that fetches it
```
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from modelry import _atomic
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


VERSION = "v1"
# The signature that https://bford.info/cachedir/ asks for.
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Files that modelry fetched. They can be fetched again.\n"


@attrs.frozen
class Layout:
    """The paths inside one cache folder, whose part for this version of the layout is `root`."""

    root: Path

    def blob(self, sha256: str) -> Path:
        """Return the path of a content."""
        return self.root / "blobs" / sha256[:2] / sha256

    def snapshot(self, snapshot_id: str) -> Path:
        """Return the folder of one version of a preset."""
        return self.root / "snapshots" / snapshot_id

    def listing(self, snapshot_id: str) -> Path:
        """Return the file that lists one version of a preset."""
        return self.root / "listings" / f"{snapshot_id}.json"

    def ref(self, uri: str) -> Path:
        """Return the file that tells which version a reference led to."""
        return self.root / "refs" / f"{hash_key(uri)}.json"

    def digest(self, token: str) -> Path:
        """Return the file that has the SHA-256 for a store's token."""
        return self.root / "digests" / token[:2] / token

    def check(self, path: Path) -> Path:
        """Return the file that tells when a file was last hashed."""
        key = hash_key(str(path))
        return self.root / "checks" / key[:2] / key

    def tmp(self) -> Path:
        """Return the folder of incomplete files, created if it is missing."""
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


def hash_key(value: Any) -> str:
    """Return the hash of a JSON value, to be used as a name."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def write_text(layout: Layout, path: Path, text: str) -> None:
    """Write a small file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _atomic.write_text(path, text, layout.tmp())


CACHE = "MODELRY_CACHE"
"""The environment variable that names the folders, separated as in `PATH`; the first is written to."""


def cache_layers(cache_dir: str | os.PathLike[str] | None) -> tuple[Layout, ...]:
    """Return the layers of the cache, the writable one first; `cache_dir` is the only one if it is given.

    Raises:
        InputError: `MODELRY_CACHE` or `cache_dir` holds something that cannot be a folder.
    """
    if cache_dir is not None:
        named, source = [os.fspath(cache_dir)], "cache_dir"
    else:
        named, source = [name for name in os.environ.get(CACHE, "").split(os.pathsep) if name.strip()], CACHE
    folders = [Path(os.path.abspath(os.path.expanduser(name))) for name in named] or [_default()]
    for folder in folders:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{source} names {str(folder)!r}, which is a file. Name a folder.")
    return tuple(Layout(folder / VERSION) for folder in folders)


def _default() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("modelry", appauthor=False)) / "presets"


LONGEST_WAIT = 600.0
"""Seconds to wait for another process that fetches the same file, before fetching it too."""
_CHECKED_EVERY = 0.5


@contextlib.contextmanager
def locked(layout: Layout, key: str, check: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of `key` between processes while the block runs, if that lock can be had.

    Locks save bandwidth, and nothing else: everything is right without them. On some network file systems they do
    nothing, or are never given back. While this waits, it calls `check`, which raises to end the wait.
    """
    import filelock

    path, end = layout.lock(key), time.monotonic() + LONGEST_WAIT
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError, NotImplementedError):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(path, mode=0o664)
            while time.monotonic() < end:
                check()
                with contextlib.suppress(filelock.Timeout):
                    held.enter_context(lock.acquire(timeout=_CHECKED_EVERY))
                    break
        yield
