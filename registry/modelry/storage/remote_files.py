"""The view of one version of a remote preset, whose files come here when they are asked for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

import attrs

from modelry.errors import DamagedPreset, StorageError
from modelry.storage.cache.records import snapshot_id
from modelry.storage.checksums import MANIFEST, read_checksums, with_checksum
from modelry.storage.files import PresetFiles
from modelry.storage.progress import total

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from modelry.storage.fetching import Fetcher
    from modelry.storage.lock.locked import LockedPreset
    from modelry.storage.snapshot import RemoteFile


class RemoteFiles(PresetFiles):
    """The files of one version of a remote preset. If it has a manifest, every file is checked against that.

    Args:
        fetcher: What brings them here.
        offline: Whether the network is out of bounds.
        locked: What they must be in any case.
    """

    def __init__(self, fetcher: Fetcher, *, offline: bool, locked: LockedPreset | None = None) -> None:
        self._fetcher = fetcher
        self._offline = offline
        self._told = {file.name: file if locked is None else locked.pin(file) for file in fetcher.snapshot.files}
        self._listed = dict(self._told)
        self._id = snapshot_id(fetcher.source.uri, fetcher.snapshot)
        self._checked = MANIFEST not in self._listed
        self._checking = threading.Lock()
        self._opened: dict[str, Path] = {}

    @property
    def reference(self) -> str:
        """What the user wrote to name this preset, without the secrets in it."""
        return self._fetcher.reference

    @property
    def revision(self) -> str | None:
        """The version of the preset, if the store has versions."""
        return self._fetcher.snapshot.revision

    def names(self) -> frozenset[str]:
        """Return the names of all files."""
        return frozenset(self._listed)

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes, if the store tells it."""
        file = self._listed.get(name)
        return None if file is None else file.size

    def is_here(self, name: str) -> bool:
        """Return whether the cache seems to hold a file."""
        digest = self._fetcher.known_digest(self._listed[name]) if name in self._listed else None
        return digest is not None and self._fetcher.cache.has(digest)

    def told(self, name: str) -> RemoteFile | None:
        """Return what the store, or a lock file, tells of a file."""
        return self._told.get(name)

    def drop_damaged(self, name: str) -> bool:
        """Hash a file in the cache in any case, and drop it if it is damaged; raises what reading the manifest does."""
        if name != MANIFEST:
            self._take_checksums()
        digest = self._fetcher.known_digest(self._listed[name]) if self.is_here(name) else None
        if digest is None or attrs.evolve(self._fetcher.cache, full=True).find(digest) is not None:
            return False
        self._opened.pop(name, None)
        return True

    def fetch(self, name: str) -> Path:
        """Return the path of a file; raises what `PresetFiles.fetch` does, and DamagedPreset where that is offline."""
        path = self._opened.get(name)
        if path is None or not path.is_file():  # a file is checked when it is opened, and not each time it is asked for
            path = self._opened[name] = self._open(name)
        return path

    def bring(self, names: Iterable[str]) -> None:
        """Fetch files, several at once; the first error ends it, and what has come of the others is kept."""
        wanted = list(dict.fromkeys(names))
        absent = [name for name in wanted if name in self and not self.is_here(name)]
        with total([self.size(name) for name in absent]), ThreadPoolExecutor(self._fetcher.at_once) as threads:
            fetches = [threads.submit(self.path, name) for name in wanted]
            try:
                for fetch in as_completed(fetches):
                    fetch.result()
            except BaseException:
                self._fetcher.stop.set()  # those that are on their way would be waited for
                threads.shutdown(cancel_futures=True)
                self._fetcher.stop.clear()
                raise

    def _open(self, name: str) -> Path:
        """Return the path of a file that is checked now."""
        if name != MANIFEST:
            self._take_checksums()
        for attempts_left in (2, 1, 0):
            blob = self._blob(name)
            try:
                return self._fetcher.cache.place(blob, self._id, name)
            except OSError as error:
                # Another process may have dropped a damaged file at the moment at which this one had replaced it.
                if isinstance(error, FileNotFoundError) and attempts_left:
                    continue
                raise StorageError(
                    f"{name} of {self.reference!r} is in the cache but cannot be given its name there: {error}. Set "
                    "MODELRY_CACHE, or pass cache_dir=, to a folder of yours with room in it."
                ) from error
        raise AssertionError("the last attempt returns or raises")

    def _blob(self, name: str) -> Path:
        """Return a file's checked content, fetched if need be."""
        file = self._listed[name]
        was_here = self.is_here(name)
        blob = self._fetcher.find(file)
        if blob is None:
            if self._offline:
                raise self._not_here(name, was_here)
            blob = self._fetcher.fetch(file)
        return blob

    def _take_checksums(self) -> None:
        """Learn from the manifest what every other file must be."""
        with self._checking:
            if not self._checked:
                checksums = read_checksums(self.fetch(MANIFEST), self.reference)
                self._listed = {name: self._with(file, checksums) for name, file in self._listed.items()}
                self._checked = True

    def _with(self, file: RemoteFile, checksums: dict[str, tuple[int, str]]) -> RemoteFile:
        return with_checksum(file, checksums, self.reference)

    def _not_here(self, name: str, was_here: bool) -> Exception:
        folder = str(self._fetcher.cache.own.root.parent)
        if was_here:
            return DamagedPreset(
                f"{name} of {self.reference!r} is damaged in the cache {folder!r}, and was taken out of it. "
                "Open the preset once without offline, which fetches it again."
            )
        return StorageError(
            f"{name} of {self.reference!r} is not in the cache {folder!r}, and offline keeps modelry from fetching it. "
            "Open the preset once without offline."
        )
