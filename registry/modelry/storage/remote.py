"""The contract of a handler for a remote store: it lists and reads, and modelry does the rest."""

from __future__ import annotations

import abc
import contextlib
from typing import TYPE_CHECKING, ClassVar, final

from modelry.errors import ModelryError, PresetNotFound, StorageError
from modelry.storage.cache.cache import Cache
from modelry.storage.cache.folders import layers
from modelry.storage.cache.records import recall, remember
from modelry.storage.destination import write_release
from modelry.storage.failures import failure, too_slow
from modelry.storage.fetching import Fetcher
from modelry.storage.handler import Storage
from modelry.storage.names import check_names
from modelry.storage.options import OpenOptions
from modelry.storage.release import refuse
from modelry.storage.remote_files import RemoteFiles
from modelry.storage.retries import Retrying
from modelry.storage.time_limit import TookTooLong, Watch, within

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from modelry.storage.destination import RemoteDestination
    from modelry.storage.lock.locked import LockedPreset
    from modelry.storage.reference import Reference
    from modelry.storage.release import Release
    from modelry.storage.snapshot import ByteStream, RemoteFile, Snapshot

AT_ONCE = 4
"""How many files of a preset are read at the same time, unless its source says otherwise."""


class RemoteSource(abc.ABC):
    """One preset in a remote store, as one reference and its options name it.

    A subclass writes `uri`, `resolve` and `read`, and the others where its store has more to tell. None of them caches,
    retries, checks names or hashes: modelry does that around them, the same for every store. Creating a source touches
    no network, so that what is cached can be opened without one.

    Methods may be called from several threads at once, `read` from no more than `at_once`.
    """

    @property
    @abc.abstractmethod
    def uri(self) -> str:
        """The one spelling of the reference, by which the cache knows it; it holds no secrets.

        It says all that decides which files are meant: the place, an endpoint that is not the usual one, the revision
        that was asked for.
        """

    @abc.abstractmethod
    def resolve(self) -> Snapshot:
        """Ask the store which files the preset has now, and at which version.

        Raises:
            PresetNotFound: There is nothing where the reference points.
            StorageError: The store refuses; the message says what to do. It is not tried again.
            Exception: Whatever the store's client raises; it is tried again if `is_transient` says so.
        """

    @abc.abstractmethod
    def read(self, snapshot: Snapshot, file: RemoteFile, offset: int) -> AbstractContextManager[ByteStream]:
        """Read a file from `offset` on, or from its start where the store cannot start in the middle.

        Args:
            snapshot: What `resolve` returned, in this process or in an earlier one.
            file: One of its files.
            offset: How many bytes are here already.

        Raises:
            StorageError: The store refuses, or does not have this version any more. It is not tried again.
            Exception: Whatever the store's client raises, here or while the bytes come; see `is_transient`.
        """

    @property
    def is_pinned(self) -> bool:
        """Whether the reference itself names one version that can never change, so that a cached one is enough."""
        return False

    @property
    def at_once(self) -> int:
        """How many files of the preset may be read at the same time, at least 1; 4 by default.

        A store overrides this whose client bears fewer connections, or where more are of use.
        """
        return AT_ONCE

    def at(self, revision: str) -> RemoteSource:
        """Return the same preset at a version that `resolve` told once, whatever the reference leads to now.

        A store that has versions overrides this. Without it, a locked preset can be opened as long as the reference
        still leads to the version that was locked.

        Raises:
            StorageError: That is no version in this store, or the reference itself names another.
        """
        return self

    def local_copy(self, snapshot: Snapshot, file: RemoteFile) -> Path | None:
        """Return where the store's own client has the file on this machine already; it is hashed before it is used."""
        return None

    def is_transient(self, error: Exception) -> bool | None:
        """Return whether trying again may help; `None` leaves it to modelry, which knows connections and HTTP."""
        return None

    def advice(self, error: Exception) -> str | None:
        """Return what a user should do about an error of the store's client, as a sentence; `None` if unknown."""
        return None


class RemoteStorage(Storage):
    """Opens the presets of a remote store.

    A subclass writes `source`, and `destination` if presets can be published there. The files that a source lists are
    fetched when they are asked for, several at once, into a cache that is shared by all stores and processes; they are
    hashed, and they are all of one version.
    """

    works_offline: ClassVar[bool] = True  # with what the cache holds

    @abc.abstractmethod
    def source(self, reference: Reference, options: OpenOptions) -> RemoteSource:
        """Parse a reference, and return what lists and reads the preset. Touches no network.

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
        """Parse a reference, and return what writes the files of a preset there. Touches no network.

        Raises:
            StorageError: The reference is malformed, or nothing can be published there.
            InputError: An option is given that this store has no use for.
        """
        refuse(reference, f"what opens {reference.scheme}:// only reads")

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
    cache = Cache(layers(options.cache_dir), full=options.verify == "full")
    snapshot = recall(cache, source.uri) if offline or source.is_pinned else None
    if snapshot is None and asked_uri is not None and locked is not None and locked.revision is not None:
        # What the reference led to when it was opened without a lock file, if that is the locked version.
        earlier = recall(cache, asked_uri)
        if earlier is not None and earlier.revision == locked.revision:
            snapshot = earlier
            with contextlib.suppress(OSError):  # it leads elsewhere one day
                remember(cache, source.uri, snapshot)
    if snapshot is None and offline:
        raise PresetNotFound(
            f"{reference.text!r} was never fetched into the cache {str(cache.own.root.parent)!r}, and offline "
            "keeps modelry from asking the store. Open the preset once without offline."
        )
    if snapshot is None:
        snapshot = _resolve(source, reference, options)
        try:
            remember(cache, source.uri, snapshot)
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
    try:
        watch = Watch()
        retrying = Retrying(source.is_transient, watch)
        snapshot = within(lambda: retrying.call(source.resolve), options.time_for(None), watch)
    except ModelryError:
        raise
    except TookTooLong as error:
        raise too_slow(f"{reference.text!r} cannot be opened", error) from None
    except Exception as error:
        raise failure(f"{reference.text!r} cannot be opened", error, source, options) from None
    options.limits.check("files", len(snapshot.files), repr(reference.text))
    check_names((file.name for file in snapshot.files), reference.text)
    return snapshot
