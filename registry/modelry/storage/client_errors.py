"""Errors of stores' clients: which of them are worth another try, and what a user reads."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from modelry.errors import DeadlineExceeded, ModelryError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelry.storage.options import OpenOptions
    from modelry.storage.remote_source import RemoteSource

_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, NotImplementedError)
# Clients have exceptions of their own for what Python calls ConnectionError and TimeoutError.
_MEANS_CONNECTION = (
    "connection",
    "disconnected",
    "payload",
    "protocol",
    "readerror",
    "reset",
    "timeout",
    "timedout",
    "incompleteread",
)


class Interrupted(Exception):
    """The bytes of a file ended too early, or were wrong; another try may help."""


def looks_transient(error: BaseException) -> bool:
    """Return whether an error looks like one of the network or of a busy server."""
    status = status_of(error)
    if status is not None:
        return is_busy(status)
    if isinstance(error, _FINAL):
        return False
    if isinstance(error, (ConnectionError, TimeoutError, EOFError)):
        return True
    kinds = (kind.__name__.lower() for kind in type(error).__mro__)
    if any(word in name for name in kinds for word in _MEANS_CONNECTION):
        return True
    return error.__cause__ is not None and looks_transient(error.__cause__)


def is_retryable(error: BaseException, broken: type[BaseException] | tuple[type[BaseException], ...]) -> bool:
    """Return whether another try may help: the server is busy, or `error` is one that a client has for no reply."""
    status = status_of(error)
    if status is not None:
        return is_busy(status)
    return isinstance(error, broken) and not isinstance(error, _FINAL)


def is_busy(status: int) -> bool:
    """Return whether a status of HTTP says that the same request may succeed later."""
    return status in (408, 425, 429) or status >= 500


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status in a client's error, wherever the client keeps it."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    places = [(error, "status"), (error, "status_code"), (response, "status_code"), (error, "code")]
    for place, name in places:  # one by one: reading `code` may be deprecated
        status = getattr(place, name, None)
        if isinstance(status, int) and 100 <= status < 600:
            return status
    status = metadata.get("HTTPStatusCode")
    return status if isinstance(status, int) else None


def headers_of(error: BaseException) -> dict[str, str]:
    """Return the HTTP headers, names in lower case, of the reply that an error of a client carries."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # of botocore
        found: Any = response.get("ResponseMetadata", {}).get("HTTPHeaders")
    else:
        found = getattr(error, "headers", None) or getattr(response, "headers", None)
    if not hasattr(found, "items"):
        return {} if error.__cause__ is None else headers_of(error.__cause__)
    return {str(name).lower(): str(value) for name, value in found.items()}


@contextlib.contextmanager
def reading_errors(what: str, source: RemoteSource, options: OpenOptions) -> Iterator[None]:
    """Explain what a client raises in the block, and an exceeded deadline: what failed, why, and what to do.

    The client's own error may hold URLs with secrets, so it is not chained.
    """
    try:
        yield
    except DeadlineExceeded as error:
        raise DeadlineExceeded(
            f"{what}: {error}. The store is too slow. Fetched bytes are kept: try again later, or pass a longer "
            "deadline=, in seconds."
        ) from None
    except ModelryError:
        raise
    except Exception as error:
        raise _error(what, error, source.advice(error) or _advice(error), options) from None


@contextlib.contextmanager
def explaining(explain: Callable[[Exception], ModelryError | None]) -> Iterator[None]:
    """Raise what `explain` makes of a client's error in the block; the error itself where that is `None`."""
    try:
        yield
    except Exception as error:
        if (explained := explain(error)) is not None:
            raise explained from None  # the client's error may hold a signed URL
        raise


def publishing_error(what: str, error: Exception, advice: str | None, options: OpenOptions) -> StorageError:
    """Return the error for a client's failure to publish, without secrets; `advice` is the store's own.

    Raise it `from None`: the client's own error may hold URLs with secrets.
    """
    if advice is None and _is_refused(error):
        advice = "The store refuses access. Check the reference, and pass credentials that may write there."
    elif advice is None and looks_transient(error):
        advice = "The store or the network fails at present. Publish again later."
    return _error(what, error, advice or "Check the reference and storage_options=.", options)


def _error(what: str, error: Exception, advice: str, options: OpenOptions) -> StorageError:
    said = " ".join(str(error).split())
    why = said if isinstance(error, Interrupted) else f"{type(error).__name__}{said and ': '}{said}"
    return StorageError(options.scrub(f"{what}: {why.rstrip('.')}. {advice}"))


def publishing_too_slow(what: str, error: DeadlineExceeded, page: str | None = None) -> DeadlineExceeded:
    """Return the error for an exceeded deadline in publishing; `page` is the hub's page that shows the outcome."""
    look = "" if page is None else f"See {page} first. "
    return DeadlineExceeded(
        f"{what}: {error}. The store takes it too slowly, or never answers. What was under way may still arrive, but "
        f"readers never see a part of a preset. {look}Publish again later, or pass a longer deadline=, in seconds."
    )


def changed_error(name: str, reference: str) -> StorageError:
    """Return the error for a file that has changed since it was listed."""
    return StorageError(
        f"{name} of {reference!r} has changed in the store since the preset was opened. Files of two versions are not "
        "mixed: open the preset again."
    )


def not_a_folder_error(reference: str) -> StorageError:
    """Return the error for a reference to a file."""
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
