"""What a user reads when a store's client has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.errors import StorageError
from modelry.storage.retries import Interrupted, looks_transient, status_of

if TYPE_CHECKING:
    from modelry.storage.options import OpenOptions
    from modelry.storage.remote import RemoteSource


def failure(what: str, error: Exception, source: RemoteSource, options: OpenOptions) -> StorageError:
    """Return the error to raise for one of a store's client: what failed, why, what to do; without any secret.

    It is to be raised `from None`: the client's own error may hold URLs with secrets in them.
    """
    said = " ".join(str(error).split())
    why = said if isinstance(error, Interrupted) else f"{type(error).__name__}{said and ': '}{said}"
    advice = source.advice(error) or _advice(error)
    return StorageError(options.scrub(f"{what}: {why.rstrip('.')}. {advice}"))


def changed(name: str, reference: str) -> StorageError:
    """Return the error to raise for a file that is not the one any more that was listed."""
    return StorageError(
        f"{name} of {reference!r} has changed in the store since the preset was opened. Files of two versions are not "
        "mixed: open the preset again."
    )


def _advice(error: Exception) -> str:
    status = status_of(error)
    if status in (401, 403, 407) or isinstance(error, PermissionError):
        return "The store refuses access. Check the reference, and pass credentials with token= or storage_options=."
    if isinstance(error, Interrupted) or looks_transient(error):
        return (
            "The store or the network fails at present. Try again later; what was fetched is kept. "
            "offline=True opens what was fetched before."
        )
    return "Check the reference and storage_options=."
