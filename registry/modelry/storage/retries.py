"""Try again what a network let fail, for a while and with pauses."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

from modelry.errors import ModelryError
from modelry.storage.time_limit import TookTooLong

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelry.storage.time_limit import Watch

T = TypeVar("T")

TRIES = 6
"""How often something is tried in succession before it is given up."""
PATIENCE = 180.0
"""Seconds from the first failure after which no other try is started."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 20.0
"""Seconds; each pause may be up to twice as long as the one before."""

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
    """The bytes of a file ended too early, or were not the right ones; trying again may help."""


class Retrying:
    """Counts failures in succession.

    Args:
        is_transient: Whether trying again after an error may help; `None` leaves it to `looks_transient`.
        watch: Asked before each try of a call, if somebody may have given it up.
    """

    def __init__(self, is_transient: Callable[[Exception], bool | None], watch: Watch | None = None) -> None:
        self._is_transient = is_transient
        self._watch = watch
        self._failures = 0
        self._since = 0.0

    def call(self, function: Callable[[], T]) -> T:
        """Call a function until it returns; raises its last error."""
        while True:
            try:
                if self._watch is not None:
                    self._watch.go_on()
                return function()
            except (ModelryError, TookTooLong):
                raise
            except Exception as error:
                self.pause_after(error)

    def pause_after(self, error: Exception) -> None:
        """Wait a little after an error, or raise it again if there is no point in another try."""
        if not self._may_pass(error):
            raise error
        self._since = self._since if self._failures else time.monotonic()
        self._failures += 1
        pause = max(_asked_to_wait(error), random.uniform(0.5, 1) * FIRST_PAUSE * 2 ** (self._failures - 1))
        pause = min(pause, LONGEST_PAUSE)
        if self._failures >= TRIES or time.monotonic() + pause - self._since > PATIENCE:
            raise error
        time.sleep(pause)

    def progressed(self) -> None:
        """Forget the failures: something came."""
        self._failures = 0

    def _may_pass(self, error: Exception) -> bool:
        if isinstance(error, Interrupted):
            return True
        told = self._is_transient(error)
        return looks_transient(error) if told is None else told


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


def may_pass(error: BaseException, broken: type[BaseException] | tuple[type[BaseException], ...]) -> bool:
    """Return whether an error of a client may be gone the next time: the server is busy, or a connection broke.

    Args:
        error: The error.
        broken: What it is of the kind of where there was no reply.
    """
    status = status_of(error)
    if status is not None:
        return is_busy(status)
    return isinstance(error, broken) and not isinstance(error, _FINAL)


def is_busy(status: int) -> bool:
    """Return whether a status of HTTP says that the same request may succeed later."""
    return status in (408, 425, 429) or status >= 500


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that an error of a client carries, wherever that client keeps it."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    places = [(error, "status"), (error, "status_code"), (response, "status_code"), (error, "code")]
    for place, name in places:  # the next only where there is no status yet: to ask for `code` may be deprecated
        status = getattr(place, name, None)
        if isinstance(status, int) and 100 <= status < 600:
            return status
    status = metadata.get("HTTPStatusCode")
    return status if isinstance(status, int) else None


def _asked_to_wait(error: BaseException) -> float:
    """Return for how many seconds the server asked to be left alone."""
    headers = getattr(error, "headers", None) or getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("Retry-After", 0)))
    except (AttributeError, TypeError, ValueError):  # a date, or no headers as others have them
        return 0.0
