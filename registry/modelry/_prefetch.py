"""Prefetching: compute the next result in a thread while the current one is in use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

T = TypeVar("T")
R = TypeVar("R")


def prefetch(function: Callable[[T], R], items: Iterable[T]) -> Generator[R]:
    """Yield `function(item)` for each item, while a thread works on the next one.

    Items are read in the caller's thread, because they may come from a database connection or something else that
    belongs to one thread. If reading fails, the results of earlier items come first. Closing the generator waits for
    the call in progress.
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
