"""Compute the next item in a thread while the current one is in use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")


def prefetch(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield `function(item)` for each item; a thread computes one result ahead.

    The items themselves are read in the caller's thread: they may come from a database connection, or anything else
    that belongs to one thread. If reading them fails, the results of the items before come first. Closing the iterator
    early waits for the call in progress.

    Args:
        function: Called in a thread, with one item at a time.
        items: The items; one more than needed is read.

    Raises:
        Exception: Errors of `function` and of `items` are raised in the place of the result concerned.
    """
    iterator, pending = iter(items), None
    end: Exception | None = None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="modelry") as pool:
        while end is None:
            following = None
            try:
                following = pool.submit(function, next(iterator))
            except Exception as error:  # StopIteration is one of them
                end = error
            if pending is not None:
                yield pending.result()
            pending = following
    if not isinstance(end, StopIteration):
        raise end
