"""The base class of handlers for remote stores, which list and read; modelry does the rest."""

from __future__ import annotations

import abc
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, ClassVar, final

import attrs

from modelry._progress import total
from modelry.errors import CorruptCache, PresetNotFound, StorageError
from modelry.storage.cache.cache import Cache, snapshot_id
from modelry.storage.cache.layout import cache_layers
from modelry.storage.client_errors import reading_errors
from modelry.storage.destination import write_release
from modelry.storage.fetching import Fetcher
from modelry.storage.files import PresetFiles
from modelry.storage.handler import Storage, refuse_publishing
from modelry.storage.integrity import MANIFEST, read_checksums, with_checksum
from modelry.storage.options import OpenOptions
from modelry.storage.paths import check_names, checked_name
from modelry.storage.retries import Cancellation, Retrying, call_within

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from modelry.storage.destination import RemoteDestination
    from modelry.storage.handler import Release
    from modelry.storage.lock import LockedPreset
    from modelry.storage.paths import Reference
    from modelry.storage.remote_source import RemoteFile, RemoteSource, Snapshot


class RemoteStorage(Storage):
    """Opens the presets of a remote store.

    A subclass writes `source`, and `destination` if presets can be published there. The listed files are fetched on
    demand, several at once, into a cache shared by all stores and processes; they are hashed, and all of one version.
    """

    works_offline: ClassVar[bool] = True  # with what the cache holds

    @abc.abstractmethod
    def source(self, reference: Reference, options: OpenOptions) -> RemoteSource:
        """Parse a reference, and return the source that lists and reads the preset; without the network.

        Raises:
            StorageError: The reference is malformed.
            InputError: An option is given that this store has no use for; see `OpenOptions.allow_only`.
        """

    @final
    def open(self, reference: Reference) -> RemoteFiles:
        """Return a view of the preset's files; raises what `Storage.open` does."""
        return self.open_with(reference, OpenOptions())

    @final
    def open_with(self, reference: Reference, options: OpenOptions) -> RemoteFiles:
        """Return a view of the preset's files, at the version that the store has now or that is pinned.

        Raises:
            PresetNotFound: There is nothing where the reference points, or offline, nothing of it was ever fetched.
            StorageError: The reference is malformed, or the store cannot be reached.
            InputError: An option is given that the store has no use for.
        """
        return _open(reference, options, self.source(reference, options))

    @final
    def open_locked(self, reference: Reference, options: OpenOptions, locked: LockedPreset) -> RemoteFiles:
        """Return a view of the version that is locked; raises what `Storage.open_locked` does."""
        asked = self.source(reference, options)
        source = asked if locked.revision is None else asked.at(locked.revision)
        return _open(reference, options, source, locked, asked.uri)

    def destination(self, reference: Reference, options: OpenOptions) -> RemoteDestination:
        """Parse a reference, and return the destination that writes files there; without the network.

        Raises:
            StorageError: The reference is malformed, or nothing can be published there.
            InputError: An option is given that this store has no use for.
        """
        refuse_publishing(reference, f"the handler of {reference.scheme}:// only reads")

    def publish(self, reference: Reference, release: Release, options: OpenOptions) -> str:
        """Publish file by file to `destination`; a store that has commits overrides this, and makes one.

        Raises what `Storage.publish` does.
        """
        destination = self.destination(reference, options)
        release.allow_only((), reference)
        write_release(destination, release, reference, options)
        return reference.text


def _open(
    reference: Reference,
    options: OpenOptions,
    source: RemoteSource,
    locked: LockedPreset | None = None,
    asked_uri: str | None = None,
) -> RemoteFiles:
    offline = options.is_offline
    cache = Cache(cache_layers(options.cache_dir), full=options.verify == "full")
    snapshot = cache.recall(source.uri) if offline or source.is_pinned else None
    if snapshot is None and asked_uri is not None and locked is not None and locked.revision is not None:
        # What the reference led to when it was opened without a lock file, if that is the locked version.
        earlier = cache.recall(asked_uri)
        if earlier is not None and earlier.revision == locked.revision:
            snapshot = earlier
            with contextlib.suppress(OSError):  # it leads elsewhere one day
                cache.remember(source.uri, snapshot)
    if snapshot is None and offline:
        raise PresetNotFound(
            f"{reference.text!r} was never fetched into the cache {str(cache.own.root.parent)!r}, and offline "
            "keeps modelry from asking the store. Open the preset once without offline."
        )
    if snapshot is None:
        snapshot = _resolve(source, reference, options)
        try:
            cache.remember(source.uri, snapshot)
        except OSError as error:
            raise StorageError(
                f"The cache {str(cache.own.root)!r} cannot be written: {error}. Set MODELRY_CACHE, or pass "
                "cache_dir=, to a folder of yours."
            ) from error
    if locked is not None:
        locked.check_revision(snapshot.revision, reference.text)
        locked.check_listing({file.name: file.size for file in snapshot.files}, reference.text)
    return RemoteFiles(Fetcher(reference.text, source, snapshot, cache, options), offline=offline, locked=locked)


def _resolve(source: RemoteSource, reference: Reference, options: OpenOptions) -> Snapshot:
    cancellation = Cancellation()
    retrying = Retrying(source.is_transient, cancellation)
    with reading_errors(f"{reference.text!r} cannot be opened", source, options):
        snapshot = call_within(lambda: retrying.call(source.resolve), options.seconds_for(None), cancellation)
    options.limits.check("files", len(snapshot.files), repr(reference.text))
    check_names((file.name for file in snapshot.files), reference.text)
    return snapshot


class RemoteFiles(PresetFiles):
    """The files of one version of a remote preset; with a manifest, every file is checked against it.

    Args:
        fetcher: Fetches them.
        offline: Whether the network must not be used.
        locked: The lock that they must match, if any.
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
        """The preset as the user wrote it, without secrets."""
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

    def is_local(self, name: str) -> bool:
        """Return whether the cache seems to hold a file."""
        digest = self._fetcher.known_digest(self._listed[name]) if name in self._listed else None
        return digest is not None and self._fetcher.cache.has(digest)

    def expected(self, name: str) -> RemoteFile | None:
        """Return the facts of a file in the store or a lock file."""
        return self._told.get(name)

    def evict_if_corrupt(self, name: str) -> bool:
        """Hash a cached file in any case, and remove it if it is damaged; raises what reading the manifest does."""
        if name != MANIFEST:
            self._take_checksums(Cancellation())
        digest = self._fetcher.known_digest(self._listed[name]) if self.is_local(name) else None
        if digest is None or attrs.evolve(self._fetcher.cache, full=True).find(digest) is not None:
            return False
        self._opened.pop(name, None)
        return True

    def fetch(self, name: str) -> Path:
        """Return the path of a file; raises what `PresetFiles.fetch` does, and CorruptCache where that is offline."""
        return self._fetch(name, Cancellation())

    def download(self, names: Iterable[str]) -> None:
        """Fetch files, several at once; an error or an interrupt ends it at once, and what has come is kept."""
        wanted = list(dict.fromkeys(names))
        for name in wanted:
            if checked_name(name) not in self:
                raise PresetNotFound(f"Preset {self.reference!r} has no file {name!r}.")
        absent = [name for name in wanted if not self.is_local(name)]
        cancellation, threads = Cancellation(), ThreadPoolExecutor(self._fetcher.at_once)
        try:
            with total([self.size(name) for name in absent]):
                for done in as_completed([threads.submit(self._fetch, name, cancellation) for name in wanted]):
                    done.result()
        except BaseException:
            cancellation.cancel()
            raise
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, name: str, cancellation: Cancellation) -> Path:
        path = self._opened.get(name)
        if path is None or not path.is_file():  # a file is checked when it is opened, and not each time it is asked for
            path = self._opened[name] = self._open(name, cancellation)
        return path

    def _open(self, name: str, cancellation: Cancellation) -> Path:
        """Return the path of a file that is checked now."""
        if name != MANIFEST:
            self._take_checksums(cancellation)
        for attempts_left in (2, 1, 0):
            blob = self._blob(name, cancellation)
            try:
                return self._fetcher.cache.link(blob, self._id, name)
            except OSError as error:
                # Another process may have dropped a damaged file at the moment at which this one had replaced it.
                if isinstance(error, FileNotFoundError) and attempts_left:
                    continue
                raise StorageError(
                    f"{name} of {self.reference!r} is in the cache but cannot be given its name there: {error}. Set "
                    "MODELRY_CACHE, or pass cache_dir=, to a folder of yours with room in it."
                ) from error
        raise AssertionError("the last attempt returns or raises")

    def _blob(self, name: str, cancellation: Cancellation) -> Path:
        """Return a file's checked content, fetched if need be."""
        file = self._listed[name]
        was_here = self.is_local(name)
        blob = self._fetcher.find(file)
        if blob is None:
            if self._offline:
                raise self._not_here(name, was_here)
            blob = self._fetcher.fetch(file, cancellation)
        return blob

    def _take_checksums(self, cancellation: Cancellation) -> None:
        """Read the expected size and SHA-256 of every other file from the manifest."""
        with self._checking:
            if not self._checked:
                checksums = read_checksums(self._fetch(MANIFEST, cancellation), self.reference)
                self._listed = {
                    name: with_checksum(file, checksums, self.reference) for name, file in self._listed.items()
                }
                self._checked = True

    def _not_here(self, name: str, was_here: bool) -> Exception:
        folder = str(self._fetcher.cache.own.root.parent)
        if was_here:
            return CorruptCache(
                f"{name} of {self.reference!r} is damaged in the cache {folder!r}, and was taken out of it. "
                "Open the preset once without offline, which fetches it again."
            )
        return StorageError(
            f"{name} of {self.reference!r} is not in the cache {folder!r}, and offline keeps modelry from fetching it. "
            "Open the preset once without offline."
        )
