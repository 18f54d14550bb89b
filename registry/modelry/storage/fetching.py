"""Fetching one file of a remote preset into the cache: retried, resumed, hashed."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from typing import TYPE_CHECKING, final

import attrs

from modelry._progress import Transfer
from modelry.discovery.hook_values import Fetched
from modelry.discovery.registry import registry
from modelry.errors import ChecksumMismatch, ModelryError, StorageError, UnsafePresetError
from modelry.storage.cache.cache import token_of
from modelry.storage.cache.layout import locked
from modelry.storage.cache.part import Part
from modelry.storage.client_errors import Interrupted, changed_error, reading_errors
from modelry.storage.integrity import LARGEST_MANIFEST, MANIFEST, git_sha1_of
from modelry.storage.retries import Cancelled, Retrying, call_within

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from modelry.storage.cache.cache import Cache
    from modelry.storage.options import OpenOptions
    from modelry.storage.remote_source import RemoteFile, RemoteSource, Snapshot
    from modelry.storage.retries import Cancellation


_MOST_WRONG = 3
"""Fetches with wrong content after which the store is blamed."""


class _CannotWrite(StorageError):
    """The cache cannot be written; the download itself is not at fault."""


@final
@attrs.frozen
class Fetcher:
    """Fetches the files of one version of a preset.

    Attributes:
        reference: The preset's name in messages.
        source: The store.
        snapshot: The version.
        cache: The cache that keeps the files.
        options: How the preset was opened.
        at_once: The number of files read at the same time, from the source.

    Raises:
        StorageError: The source's `at_once` is not a number of files.
    """

    reference: str
    source: RemoteSource
    snapshot: Snapshot
    cache: Cache
    options: OpenOptions
    at_once: int = attrs.field(init=False, repr=False)
    _slots: threading.Semaphore = attrs.field(init=False, eq=False, repr=False)

    @at_once.default
    def _at_once_of_source(self) -> int:
        said: object = self.source.at_once
        if not isinstance(said, int) or isinstance(said, bool) or said < 1:
            raise StorageError(
                f"{type(self.source).__name__}, which reads {self.reference!r}, has at_once={said!r}. It must be a "
                "whole number, at least 1; tell its author."
            )
        return said

    @_slots.default
    def _slots_of_source(self) -> threading.Semaphore:
        return threading.Semaphore(self.at_once)

    def known_digest(self, file: RemoteFile) -> str | None:
        """Return the SHA-256 that a file has to have, if the store tells it or an earlier fetch has found it."""
        return file.sha256 or self.cache.digest(token_of(self.source.uri, file))

    def find(self, file: RemoteFile) -> Path | None:
        """Return a file's checked content in the cache; `None` if it has to be fetched.

        Raises:
            ChecksumMismatch: The manifest, or a lock file, says that it is another than the store says.
        """
        digest = self.known_digest(file)
        found = None if digest is None else self.cache.find(digest)
        if digest is None or found is None:
            return None
        token = token_of(self.source.uri, file)
        # The note holds for all presets, and the digest may be what a stranger's manifest says.
        if self.cache.digest(token) != digest and not _is_gits(found, file):
            raise ChecksumMismatch(
                f"{file.name} of {self.reference!r} is another in the store (git's SHA-1 {file.git_sha1}) than its "
                f"manifest, or a lock file, says (SHA-256 {digest}). The preset was published in part or changed "
                "since; publish it again."
            )
        with contextlib.suppress(OSError):  # so that pruning knows who has use for it, if notes can be taken
            self.cache.record_digest(token, digest)
        return found

    def fetch(self, file: RemoteFile, cancellation: Cancellation) -> Path:
        """Return a file's content, fetched now unless somebody else does so at the same time.

        A cancellation ends the fetch at once; what has come is kept.

        Raises:
            StorageError: It cannot be fetched, is not what the store or the manifest says, or cannot be written.
        """
        token = token_of(self.source.uri, file)
        key = file.sha256 or token
        with locked(self.cache.own, key, cancellation.check):
            found = self.find(file)
            if found is not None:
                return found
            self._check_room(file)
            start = time.perf_counter()
            try:
                with Part(self.cache.own, key) as part:
                    if not self._copy(part, file):
                        with self._slots:  # before the deadline starts, so that waiting for a slot does not count
                            self._stream_in_time(part, file, cancellation)
                    digest = part.complete()
                    blob = self.cache.keep(part)
                self.cache.record_digest(token, digest)
            except ModelryError:  # PresetNotFound is an OSError too
                raise
            except OSError as error:
                raise self._cannot_write(error) from error
        announce_fetched(self.reference, (file.name,), part.size, time.perf_counter() - start)
        return blob

    def _copy(self, part: Part, file: RemoteFile) -> bool:
        """Copy the file of the store's own client on this machine, if a digest proves it right."""
        if not _is_proven(file):
            return False
        copied = False
        with contextlib.suppress(OSError):  # one that cannot be read is as good as none: the store has the file
            path = self.source.local_copy(self.snapshot, file)
            if path is None:
                return False
            part.clear()
            with path.open("rb") as copy:
                while chunk := copy.read(2**20):
                    self._write(part, chunk)
            copied = True
        if copied and self._is_right(part, file):
            return True
        part.clear()
        return False

    def _stream_in_time(self, part: Part, file: RemoteFile, cancellation: Cancellation) -> None:
        """Read from the store until the file is complete and right, or the deadline is over.

        A client's own time-outs do not end a trickle of single bytes. The reading thread finds the call cancelled, or
        the part closed, when the next bytes come.
        """
        what = f"{file.name} of {self.reference!r} could not be fetched"
        with (
            Transfer(file.name, file.size, part.size) as progress,  # here, so that it ends with the wait
            reading_errors(what, self.source, self.options),
        ):
            call_within(
                lambda: self._stream(part, file, progress, cancellation),
                self.options.seconds_for(file.size),
                cancellation,
            )

    def _stream(self, part: Part, file: RemoteFile, progress: Transfer, cancellation: Cancellation) -> None:
        """Read from the store until the file is complete and right."""
        wrong = 0

        def read_on() -> None:
            nonlocal wrong
            try:
                self._read_on(part, file, progress, cancellation)
            except ModelryError as error:
                # These bytes may be of another version, and must not be continued.
                if not _is_proven(file) and not isinstance(error, (_CannotWrite, Cancelled)):
                    part.clear()
                raise
            if self._is_right(part, file):
                return
            part.clear()
            wrong += 1
            if wrong == _MOST_WRONG:
                raise self._is_other(file)
            raise Interrupted("it came with other content than it has in the store")

        Retrying(self.source.is_transient, cancellation).call(read_on, lambda: part.size)

    def _read_on(self, part: Part, file: RemoteFile, progress: Transfer, cancellation: Cancellation) -> None:
        """Read the missing bytes, in one request."""
        proven = _is_proven(file)
        if part.size == file.size:
            if proven:
                return
            # All bytes came, but the store did not say to the end that they were those of the listed file.
            part.clear()
        with self.source.read(self.snapshot, file, part.size) as stream:
            if not proven and None not in (stream.validator, file.validator) and stream.validator != file.validator:
                raise changed_error(file.name, self.reference)
            if stream.start != part.size:
                part.clear()
            if stream.start not in (0, part.size):
                raise Interrupted(f"the store sent bytes from {stream.start} on, which were not asked for")
            progress.restart(part.size)
            for chunk in stream.chunks:
                cancellation.check()
                if file.size is not None and part.size + len(chunk) > file.size:
                    part.clear()
                    raise Interrupted(f"it is longer than the {file.size:,} bytes that the store announced")
                if file.size is None:
                    self._check_size(file, part.size + len(chunk))
                self._write(part, chunk)
                progress.advance(len(chunk))
        if file.size is not None and part.size < file.size:
            raise Interrupted(f"it ended after {part.size:,} of {file.size:,} bytes")

    def _write(self, part: Part, chunk: bytes) -> None:
        try:
            part.write(chunk)
        except OSError as error:  # not one of the network, which would be tried again
            raise self._cannot_write(error) from error

    def _is_right(self, part: Part, file: RemoteFile) -> bool:
        digest = part.complete()
        if file.size is not None and part.size != file.size:
            return False
        return file.sha256 in (None, digest) and _is_gits(part.path, file)

    def _is_other(self, file: RemoteFile) -> ChecksumMismatch:
        return ChecksumMismatch(
            f"{file.name} of {self.reference!r} has other content than the digest that the store (or the preset's "
            f"manifest, or a lock file) has for it ({file.sha256 or file.git_sha1}), each of {_MOST_WRONG} times it "
            "was fetched. It was changed or damaged in the store, or on the way here: open the preset again, or "
            "publish it again."
        )

    def _check_room(self, file: RemoteFile) -> None:
        if file.size is None:
            return
        self._check_size(file, file.size)
        try:
            free = shutil.disk_usage(self.cache.own.tmp()).free
        except OSError as error:
            raise self._cannot_write(error) from error
        if file.size > free:
            raise StorageError(
                f"{file.name} of {self.reference!r} has {file.size:,} bytes, but {str(self.cache.own.root)!r} has room "
                f"for {free:,}. Run `modelry cache prune`, or set MODELRY_CACHE to a folder with more room."
            )

    def _check_size(self, file: RemoteFile, size: int) -> None:
        """Check that a file of so many bytes may be fetched."""
        if file.name == MANIFEST and size > LARGEST_MANIFEST:
            raise UnsafePresetError(
                f"{MANIFEST} of {self.reference!r} is larger than {LARGEST_MANIFEST:,} bytes, as no honest one is, and "
                "is not fetched. Do not use this preset; tell its publisher."
            )
        self.options.limits.check("bytes", size, f"{file.name} of {self.reference!r}")

    def _cannot_write(self, error: OSError) -> _CannotWrite:
        return _CannotWrite(
            f"The cache {str(self.cache.own.root)!r} cannot be written: {error}. Set MODELRY_CACHE, or pass "
            "cache_dir=, to a folder of yours with room in it."
        )


def _is_gits(path: Path, file: RemoteFile) -> bool:
    """Return whether a file has the content that git knows it by, if the store tells that."""
    return file.git_sha1 is None or git_sha1_of(path) == file.git_sha1


def _is_proven(file: RemoteFile) -> bool:
    """Return whether there is a digest that tells right content from wrong."""
    return file.sha256 is not None or file.git_sha1 is not None


def announce_fetched(reference: str, files: Iterable[str], size: int, seconds: float) -> None:
    """Notify the observers of a complete download. A handler that fetches nothing need not call this.

    Args:
        reference: The preset as the user wrote it, `Reference.text`.
        files: The files that were fetched, named as in the preset.
        size: Their size in bytes, as they lie on this machine.
        seconds: How long fetching took, on the wall clock.
    """
    if registry.hooks.has_observers:
        registry.hooks.announce(Fetched(reference, tuple(files), size, seconds))
