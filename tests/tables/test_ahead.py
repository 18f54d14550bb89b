from __future__ import annotations

import threading

import pytest

from modelry.tables.ahead import ahead


def test_items_come_in_order():
    assert list(ahead(number for number in range(100))) == list(range(100))


def test_one_is_fetched_ahead_and_no_more():
    fetched = []
    third = threading.Event()

    def items():
        for number in range(9):
            fetched.append(number)
            if number == 2:
                third.set()
            yield number

    found = ahead(items())
    assert [next(found), next(found)] == [0, 1]
    assert third.wait(5)  # while nobody asks for it
    assert fetched == [0, 1, 2]


def test_an_error_comes_in_its_turn():
    def items():
        yield 0
        raise ValueError("bad row")

    found = ahead(items())
    assert next(found) == 0
    with pytest.raises(ValueError, match="bad row"):
        next(found)


def test_closing_it_closes_the_items_and_ends_the_thread():
    closed = []

    def items():
        try:
            yield from range(9)
        finally:
            closed.append(True)

    before = threading.active_count()
    found = ahead(items())
    next(found)
    found.close()
    assert closed == [True]
    assert threading.active_count() == before
