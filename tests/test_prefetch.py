from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from modelry._prefetch import prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator


BEFORE: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def before() -> None:
    """Other tests may have left a source half read, whose thread lives as long as it."""
    BEFORE.clear()
    BEFORE.update(threading.enumerate())


def workers() -> set[threading.Thread]:
    return set(threading.enumerate()) - BEFORE


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20])
def test_results_come_in_order(count: int) -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.01 if number < 2 else 0)
        return number * number

    assert list(prefetch(slow_at_first, range(count))) == [number * number for number in range(count)]
    assert not workers()


def test_items_are_read_in_the_callers_thread_and_mapped_in_another() -> None:
    def items() -> Iterator[int]:
        for _ in range(5):
            yield threading.get_ident()

    pairs = list(prefetch(lambda read_in: (read_in, threading.get_ident()), items()))

    assert {read_in for read_in, _ in pairs} == {threading.get_ident()}
    assert threading.get_ident() not in {mapped_in for _, mapped_in in pairs}


def test_only_one_item_is_read_ahead() -> None:
    read: list[int] = []
    mapped: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    results = prefetch(mapped.append, items())
    assert read == []
    for taken in range(1, 6):
        next(results)
        assert len(read) == taken + 1
        assert taken <= len(mapped) <= taken + 1
    results.close()
    assert len(read) == len(mapped) == 6


def test_the_next_item_is_mapped_while_the_present_one_is_used() -> None:
    started = threading.Event()

    def work(number: int) -> int:
        if number == 1:
            started.set()
        return number

    results = prefetch(work, range(3))
    assert next(results) == 0
    assert started.wait(5)


def test_an_error_of_the_function_comes_in_its_place() -> None:
    results = prefetch(lambda number: 1 // (2 - number), range(5))

    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert not workers()


def test_an_error_of_the_items_comes_after_all_results_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise ValueError("no more")

    results = prefetch(lambda number: number, items())

    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no more"):
        next(results)
    assert not workers()


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_an_abandoned_iterator_leaves_no_thread_and_closes_its_items(taken: int) -> None:
    closed: list[bool] = []

    def items() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(True)

    results = prefetch(lambda number: number, items())
    for _ in range(taken):
        next(results)
    del results

    assert not workers()
    assert closed == ([True] if taken else [])
