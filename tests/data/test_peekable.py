from __future__ import annotations

import itertools

import pytest

from modelry.data.adapter import PeekableIterator
from modelry.errors import InputError


def take(once: PeekableIterator[int], count: int) -> list[int]:
    return list(itertools.islice(once, count))


@pytest.mark.parametrize("looks", [[1], [2], [1, 1], [1, 2], [2, 1, 2]])
def test_looking_at_up_to_two_loses_none(looks: list[int]) -> None:
    once = PeekableIterator(iter(range(5)))

    for count in looks:
        take(once, count)

    assert list(once) == [0, 1, 2, 3, 4]


def test_a_start_after_more_than_two_continues() -> None:
    once = PeekableIterator(iter(range(7)))

    assert take(once, 3) == [0, 1, 2]
    assert take(once, 2) == [3, 4]
    assert list(once) == [5, 6]


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("looks", [0, 1, 2])
def test_a_start_after_the_end_is_refused_once_it_has_begun(size: int, looks: int) -> None:
    once = PeekableIterator(iter(range(size)))
    for _ in range(looks):
        take(once, 2)

    once.start()

    assert list(once) == list(range(size))
    with pytest.raises(InputError, match=r"read only once.*steps_per_epoch"):
        next(iter(once))


@pytest.mark.parametrize("size", [1, 2])
def test_a_look_may_reach_the_end(size: int) -> None:
    """On a GPU, jax asks for a second batch before it hands on the first."""
    once = PeekableIterator(number for number in range(size))

    assert list(once) == list(once) == list(range(size))


def test_the_end_of_more_than_is_remembered_counts_without_a_beginning() -> None:
    once = PeekableIterator(iter(range(3)))

    assert list(once) == [0, 1, 2]
    with pytest.raises(InputError, match="read only once"):
        next(iter(once))


def test_dropping_a_reader_leaves_the_generator_open() -> None:
    once = PeekableIterator(number for number in range(5))

    reader = iter(once)
    next(reader)
    reader.close()  # type: ignore[attr-defined]

    assert list(once) == [0, 1, 2, 3, 4]
