"""Reading ahead: the next item is fetched while the last one is worked on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

T = TypeVar("T")


def ahead(items: Generator[T]) -> Generator[T]:
    """Yield the items, each fetched by a thread while the one before is in use; one is waiting at most.

    What goes wrong with an item is raised where the item would have come. The thread ends with the generator.
    """
    with closing(items), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, items, None)
        while (item := waiting.result()) is not None:
            waiting = pool.submit(next, items, None)
            yield item
            del item  # or it would stay until the one after the next is there
