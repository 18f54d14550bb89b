"""Publishing to a store that writes file by file, so that no reader ever takes a part for the whole."""

from __future__ import annotations

import abc
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from modelry._progress import sending, total
from modelry.errors import DeadlineExceeded, ModelryError, StorageError
from modelry.storage.client_errors import publishing_error, publishing_too_slow
from modelry.storage.handler import PRESET_MARKER
from modelry.storage.retries import Cancellation, Retrying, call_within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelry.storage.handler import Release
    from modelry.storage.options import OpenOptions
    from modelry.storage.paths import Reference


T = TypeVar("T")


class RemoteDestination(abc.ABC):
    """A place in a remote store that files can be written to.

    modelry decides the order, and retries. Each method must be safe to call twice.
    """

    @abc.abstractmethod
    def files(self) -> Mapping[str, int | None]:
        """Ask the store which files there are now, by name, and how many bytes they have if it tells.

        Raises:
            StorageError: The store refuses; the message says what to do. It is not tried again.
            Exception: Whatever the store's client raises; it is tried again if `is_transient` says so.
        """

    @abc.abstractmethod
    def write(self, name: str, path: Path, sent: Callable[[int], None]) -> None:
        """Write a file, replacing one of that name.

        Args:
            name: Its relative POSIX path in the preset.
            path: The file on this machine.
            sent: To be called with a number of bytes whenever so many more have been sent, for the progress bar; it
                raises after the deadline of the file. Optional.

        Raises:
            StorageError: The store refuses; the message says what to do. It is not tried again.
            Exception: Whatever the store's client raises; it is tried again if `is_transient` says so.
        """

    @abc.abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file; raises what `write` does, and nothing if it is not there."""

    def is_transient(self, error: Exception) -> bool | None:
        """Return whether another try may help; `None` leaves it to modelry, which knows connections and HTTP."""
        return None

    def advice(self, error: Exception) -> str | None:
        """Return advice for the user on an error of the store's client, as a sentence; `None` if unknown."""
        return None


def write_release(destination: RemoteDestination, release: Release, reference: Reference, options: OpenOptions) -> None:
    """Write a preset: its files, then `modelry.json`, and `config.json` last; an older one's `config.json` goes first.

    A reader that lists the place meanwhile finds no preset there; one with the manifest misses a file; one with the
    older listing sees a changed digest or validator.

    Raises:
        StorageError: The place holds files but no preset, or the store cannot be reached or written to.
        DeadlineExceeded: A step has taken longer than it may. No other is begun after it.
    """
    cancellation = Cancellation()

    def attempt(what: str, function: Callable[[], T], size: int | None = None) -> T:
        retrying = Retrying(destination.is_transient, cancellation)
        try:
            return call_within(lambda: retrying.call(function), options.seconds_for(size), cancellation)
        except DeadlineExceeded as error:
            raise publishing_too_slow(f"{what} {reference.text!r}", error) from None
        except ModelryError:
            raise
        except Exception as error:
            raise publishing_error(f"{what} {reference.text!r}", error, destination.advice(error), options) from None

    def write(name: str) -> None:
        send = partial(_write, destination, name, release.files[name], cancellation)
        attempt(f"Cannot write {name} to", send, sizes[name])

    sizes = attempt("Cannot read what is to be published to", release.sizes)
    there = attempt("Cannot list", destination.files)
    if there and not any(release.owned.fullmatch(name) for name in there):
        raise StorageError(
            f"{reference.text!r} holds files but no preset, such as {min(there)!r}. Publish to a place of its own, so "
            "that nothing of yours is mixed up or lost."
        )
    if PRESET_MARKER in there:
        attempt(f"Cannot remove {PRESET_MARKER} of the older preset from", partial(destination.remove, PRESET_MARKER))
    names = [name for name in release.ordered() if name not in release.if_missing or name not in there]
    with total([sizes[name] for name in names]):
        for name in names[:-1]:
            write(name)
        for name in release.stale(there):
            attempt(f"Cannot remove {name} of the older preset from", partial(destination.remove, name))
        _check_sizes(attempt("Cannot list", destination.files), {name: sizes[name] for name in names[:-1]}, reference)
        write(PRESET_MARKER)


def _write(destination: RemoteDestination, name: str, path: Path, cancellation: Cancellation) -> None:
    with sending(name, path.stat().st_size) as show:

        def sent(count: int) -> None:
            cancellation.check()  # so that a cancelled file does not arrive later and replace a newer one
            show(count)

        destination.write(name, path, sent)


def _check_sizes(there: Mapping[str, int | None], written: Mapping[str, int], reference: Reference) -> None:
    for name, size in written.items():
        if name not in there or there[name] not in (None, size):
            found = f"has {there[name]:,}" if name in there else "does not have it"
            raise StorageError(
                f"{name} was written to {reference.text!r} with {size:,} bytes, but the store {found}. Is somebody "
                f"else publishing there? Nobody sees a preset there, because {PRESET_MARKER} is not written. Publish "
                "again."
            )
