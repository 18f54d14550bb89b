"""Retries and deadlines for calls of a store's client."""

from __future__ import annotations

import concurrent.futures
import contextlib
import random
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar, final

import attrs
import stamina

from modelry.errors import DeadlineExceeded, ModelryError, StorageError
from modelry.storage.client_errors import Interrupted, headers_of, looks_transient, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE = 180.0
"""Seconds from the first failure to the last try, with a server that replies that it is busy."""
PATIENCE_WITHOUT_REPLY = 60.0
"""The same with a server that does not reply: it may be restarting, or this machine may have no network."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 20.0
"""Seconds; each pause is about twice as long as the one before, and random in part."""


@final
@attrs.frozen
class Retrying:
    """Calls a client until it succeeds, as long as another try may help.

    Attributes:
        is_transient: Says whether another try may help after an error; `None` leaves it to `looks_transient`.
        cancellation: Checked before each try.
    """

    is_transient: Callable[[Exception], bool | None]
    cancellation: Cancellation

    def call(self, function: Callable[[], T], progress: Callable[[], int] = lambda: 0) -> T:
        """Return the function's result; it is called again after each error that may pass.

        A try that brings `progress`, which measures what has come so far, to a new maximum renews the patience.

        Raises:
            ModelryError: The function raises one; it is not tried again.
            Exception: The function's last error.
        """
        furthest = progress()
        while True:
            try:
                return self._call(function, progress, furthest)
            except _Failed as failed:
                furthest, before = max(furthest, progress()), furthest
                if furthest == before or failed.wait > PATIENCE:
                    raise failed.error  # noqa: B904 # its own cause tells more
                time.sleep(failed.wait or random.uniform(1, 2) * FIRST_PAUSE)

    def _call(self, function: Callable[[], T], progress: Callable[[], int], furthest: int) -> T:
        first_failure: float | None = None

        def backoff(error: Exception) -> bool | float:
            nonlocal first_failure
            if not isinstance(error, _Failed) or progress() > furthest:
                return False
            first_failure = time.monotonic() if first_failure is None else first_failure
            elapsed = time.monotonic() - first_failure
            patience = PATIENCE_WITHOUT_REPLY if error.is_without_reply else PATIENCE
            if elapsed >= patience or elapsed + error.wait > patience:
                return False
            return error.wait or True

        pauses = {"wait_initial": FIRST_PAUSE, "wait_max": LONGEST_PAUSE, "wait_jitter": 2 * FIRST_PAUSE}
        for attempt in stamina.retry_context(on=backoff, attempts=None, timeout=None, **pauses):
            with attempt:
                return self._try(function)
        raise AssertionError("the last try returns or raises")

    def _try(self, function: Callable[[], T]) -> T:
        self.cancellation.check()
        try:
            return function()
        except ModelryError:
            raise
        except Exception as error:
            may_pass = True if isinstance(error, Interrupted) else self.is_transient(error)
            if may_pass is None:
                may_pass = looks_transient(error)
            if may_pass:
                raise _Failed(error) from None
            raise


class _Failed(Exception):
    """An error that may pass; instruments of `stamina` see only its class, since a client's text may hold secrets."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error = error
        self.wait = _retry_after(error)
        self.is_without_reply = status_of(error) is None


def _retry_after(error: BaseException) -> float:
    """Return for how many seconds the server asks to be left alone, by a number or a date; 0 if it does not ask."""
    value = headers_of(error).get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


@final
class Cancelled(StorageError):
    """A call was cancelled: by an interrupt, by its deadline, or because another file of the preset failed."""


@final
class Cancellation:
    """Stops calls in other threads: those who wait for one stop at once, the call itself at its next `check`.

    A thread cannot be ended from outside, so a call that changes something checks before each step whether to go on.

    Attributes:
        doing: The step that the call is at, for messages.
        cancelled: Done once the calls are cancelled.
    """

    def __init__(self) -> None:
        self.doing = "it"
        self.cancelled: concurrent.futures.Future[None] = concurrent.futures.Future()

    def check(self, doing: str | None = None) -> None:
        """Go on, with the step that `doing` names, if given.

        Raises:
            Cancelled: The call was cancelled.
        """
        if self.cancelled.done():
            raise Cancelled(f"{self.doing} was cancelled")
        self.doing = doing or self.doing

    def cancel(self) -> None:
        """Stop waiting for the calls, and stop each of them at its next check."""
        with contextlib.suppress(concurrent.futures.InvalidStateError):  # cancelled before
            self.cancelled.set_result(None)


def call_within(call: Callable[[], T], seconds: float, cancellation: Cancellation | None = None) -> T:
    """Return what a call returns, which is made in a thread of its own.

    A cancellation ends the wait. It is cancelled here if the wait ends without a result, so that the call stops too.

    Raises:
        DeadlineExceeded: The call has not returned in time; its thread is left to itself.
        Cancelled: Somebody else has cancelled the call.
        Exception: The call raises it.
    """
    cancellation = cancellation or Cancellation()
    cancellation.check()
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)

    try:
        threading.Thread(target=run, name="modelry-store", daemon=True).start()
        either: tuple[concurrent.futures.Future[Any], ...] = (outcome, cancellation.cancelled)
        concurrent.futures.wait(either, seconds, concurrent.futures.FIRST_COMPLETED)
    except BaseException:  # an interrupt; the process may go on, as in a notebook
        cancellation.cancel()
        raise
    if outcome.done():
        return outcome.result()
    cancellation.check()
    cancellation.cancel()
    raise DeadlineExceeded(f"{cancellation.doing} has not ended after {seconds:g} seconds")
