"""What a user reads when a store's client has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.errors import DeadlinePassed, StorageError
from modelry.storage.retries import Interrupted, looks_transient, status_of

if TYPE_CHECKING:
    from modelry.storage.options import OpenOptions
    from modelry.storage.remote import RemoteSource
    from modelry.storage.time_limit import TookTooLong


def failure(what: str, error: Exception, source: RemoteSource, options: OpenOptions) -> StorageError:
    """Return the error to raise for one of a store's client: what failed, why, what to do; without any secret.

    It is to be raised `from None`: the client's own error may hold URLs with secrets in them.
    """
    return _error(what, error, source.advice(error) or _advice(error), options)


def publishing_failure(what: str, error: Exception, advice: str | None, options: OpenOptions) -> StorageError:
    """Return the same for publishing; `advice` is what the store knows to do about it."""
    if advice is None and _is_refused(error):
        advice = "The store refuses access. Check the reference, and pass credentials that may write there."
    elif advice is None and looks_transient(error):
        advice = "The store or the network fails at present. Publish again later."
    return _error(what, error, advice or "Check the reference and storage_options=.", options)


def _error(what: str, error: Exception, advice: str, options: OpenOptions) -> StorageError:
    said = " ".join(str(error).split())
    why = said if isinstance(error, Interrupted) else f"{type(error).__name__}{said and ': '}{said}"
    return StorageError(options.scrub(f"{what}: {why.rstrip('.')}. {advice}"))


def too_slow(what: str, error: TookTooLong) -> DeadlinePassed:
    """Return the error to raise where a store has taken all the time that it had."""
    return DeadlinePassed(
        f"{what}: {error}. The store sends too slowly, or for ever. What was fetched is kept, so try again later, or "
        "give it more time with deadline=, in seconds."
    )


def publishing_too_slow(what: str, error: TookTooLong, page: str | None = None) -> DeadlinePassed:
    """Return the same for publishing; `page` is where a hub shows what has become of it."""
    look = "" if page is None else f"See {page} first. "
    return DeadlinePassed(
        f"{what}: {error}. The store takes it too slowly, or never answers. What was under way may still arrive, but "
        f"nobody sees a part of a preset. {look}Publish again later, or give it more time with deadline=, in seconds."
    )


def changed(name: str, reference: str) -> StorageError:
    """Return the error to raise for a file that is not the one any more that was listed."""
    return StorageError(
        f"{name} of {reference!r} has changed in the store since the preset was opened. Files of two versions are not "
        "mixed: open the preset again."
    )


def is_a_file(reference: str) -> StorageError:
    """Return the error to raise where a reference leads to a file."""
    return StorageError(
        f"{reference!r} is a file, and a preset is a folder. Name the folder that the file is in; if the file is an "
        f"archive, name the folder inside it: zip://folder::{reference}, or tar://folder::…"
    )


def _advice(error: Exception) -> str:
    if _is_refused(error):
        return "The store refuses access. Check the reference, and pass credentials with token= or storage_options=."
    if isinstance(error, Interrupted) or looks_transient(error):
        return (
            "The store or the network fails at present. Try again later; what was fetched is kept. "
            "offline=True opens what was fetched before."
        )
    return "Check the reference and storage_options=."


def _is_refused(error: Exception) -> bool:
    return status_of(error) in (401, 403, 407) or isinstance(error, PermissionError)
