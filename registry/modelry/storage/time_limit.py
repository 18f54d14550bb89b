"""Calls that end: what a client does is given up after a while, also where its server never quite stops answering."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE: Final = 900.0
"""Seconds that a store may take for any answer, all tries included, where the caller says nothing."""
SLOWEST: Final = 2**18
"""Bytes a second; a large file may take so long that at least so many come."""


class TookTooLong(TimeoutError):
    """A call was given up."""


def default_deadline(size: int | None) -> float:
    """Return how many seconds bringing a file of so many bytes here may take."""
    return PATIENCE + (size or 0) / SLOWEST


@final
class Watch:
    """Knows what a call is doing, and stops it at its next step once nobody waits for it any more.

    A thread cannot be ended from outside. So a call that changes something asks before each step whether to go on.

    Attributes:
        doing: What the call is doing, as messages have it.
    """

    def __init__(self) -> None:
        self.doing = "it"
        self._given_up = threading.Event()

    def go_on(self, doing: str | None = None) -> None:
        """Go on, and note with what if that is said.

        Raises:
            TookTooLong: The call was given up.
        """
        if self._given_up.is_set():
            raise TookTooLong(f"{self.doing} was given up")
        self.doing = doing or self.doing

    def give_up(self) -> None:
        """Let the call end at its next step."""
        self._given_up.set()


def within(call: Callable[[], T], seconds: float, watch: Watch | None = None) -> T:
    """Return what a call returns.

    Args:
        call: What is called, in a thread of its own.
        seconds: How long to wait.
        watch: What the call looks at, to be told when it is given up.

    Raises:
        TookTooLong: It has not returned in time; the thread is left to itself.
        Exception: Whatever the call raises.
    """
    watch = watch or Watch()
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(call())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="modelry-store", daemon=True)
    try:
        thread.start()
        thread.join(seconds)
    except BaseException:  # whoever waits is interrupted, and the process may go on, as in a notebook
        watch.give_up()
        raise
    if failed:
        raise failed[0]
    if not done:
        watch.give_up()
        raise TookTooLong(f"{watch.doing} has not ended after {seconds:g} seconds")
    return done[0]
