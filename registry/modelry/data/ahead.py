"""Work on the next piece while the present one is used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")


def map_ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield `function(item)` for each item, with the next item's under way in a thread.

    The items themselves are read in the caller's thread: they may come from a database connection, or anything else
    that belongs to one thread. If reading them fails, the results of the items before come first. Abandoning the
    iterator waits for the call that is under way.
    """
    iterator, under_way = iter(items), None
    end: Exception | None = None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="modelry") as pool:
        while end is None:
            following = None
            try:
                following = pool.submit(function, next(iterator))
            except Exception as error:  # StopIteration is one of them
                end = error
            if under_way is not None:
                yield under_way.result()
            under_way = following
    if not isinstance(end, StopIteration):
        raise end
