from __future__ import annotations

import itertools

import pytest

from modelry.data.replay import Once
from modelry.errors import InputError


def take(once: Once[int], count: int) -> list[int]:
    return list(itertools.islice(once, count))


@pytest.mark.parametrize("looks", [[1], [2], [1, 1], [1, 2], [2, 1, 2]])
def test_looking_at_up_to_two_loses_none(looks: list[int]) -> None:
    once = Once(iter(range(5)))

    for count in looks:
        take(once, count)

    assert list(once) == [0, 1, 2, 3, 4]


def test_a_start_after_more_than_two_continues() -> None:
    once = Once(iter(range(7)))

    assert take(once, 3) == [0, 1, 2]
    assert take(once, 2) == [3, 4]
    assert list(once) == [5, 6]


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_a_start_after_the_end_is_refused(size: int) -> None:
    once = Once(iter(range(size)))

    assert list(once) == list(range(size))
    with pytest.raises(InputError, match=r"read only once.*steps_per_epoch"):
        next(iter(once))


def test_dropping_a_reader_leaves_the_generator_open() -> None:
    once = Once(number for number in range(5))

    reader = iter(once)
    next(reader)
    reader.close()  # type: ignore[attr-defined]

    assert list(once) == [0, 1, 2, 3, 4]
