from __future__ import annotations

import math

import numpy as np
import pytest

from modelry.data.buckets import Batch, bucket_length, bucket_lengths, fill_rows, plan_batches
from modelry.errors import InputError


@pytest.mark.parametrize(
    ("sequence_length", "expected"),
    [(512, (16, 32, 64, 128, 256, 512)), (100, (16, 32, 64, 100)), (16, (16,)), (17, (16, 17)), (5, (5,))],
)
def test_buckets_are_powers_of_two_up_to_the_sequence_length(sequence_length: int, expected: tuple[int, ...]) -> None:
    assert bucket_lengths(sequence_length) == expected


@pytest.mark.parametrize(("longest", "expected"), [(1, 16), (16, 16), (17, 32), (64, 64), (65, 100), (100, 100)])
def test_a_row_goes_into_the_smallest_bucket_that_holds_it(longest: int, expected: int) -> None:
    assert bucket_length(longest, 100) == expected


def cases() -> list[tuple[np.ndarray, int, int]]:
    rng = np.random.default_rng(7)
    random = []
    for _ in range(60):
        longest = int(rng.integers(1, 300))
        lengths = rng.integers(1, longest + 1, size=int(rng.integers(1, 400)))
        random.append((lengths, int(rng.integers(1, 50)), longest))
    return [(np.array([3]), 8, 64), (np.full(64, 64), 8, 64), (np.array([1] * 9 + [512]), 4, 512), *random]


def check(plan: list[Batch], lengths: np.ndarray, batch_size: int, sequence_length: int) -> None:
    buckets = bucket_lengths(sequence_length)
    assert sorted(np.concatenate([batch.indices for batch in plan]).tolist()) == list(range(len(lengths)))
    assert len(plan) == math.ceil(len(lengths) / batch_size)
    assert all(len(batch.indices) <= batch_size for batch in plan)
    smaller = [batch for batch in plan if len(batch.indices) < batch_size]
    assert len(smaller) <= 1
    assert len({(len(batch.indices), batch.length) for batch in plan}) <= len(buckets) + 1
    for batch in plan:
        longest = int(lengths[batch.indices].max())
        assert batch.length == bucket_length(longest, sequence_length)
    assert all(batch.length == max(other.length for other in plan) for batch in smaller)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_a_plan_keeps_its_promises(seed: int | None) -> None:
    for lengths, batch_size, sequence_length in cases():
        rng = None if seed is None else np.random.default_rng(seed)
        check(plan_batches(lengths, batch_size, sequence_length, rng), lengths, batch_size, sequence_length)


def test_a_plan_wastes_little() -> None:
    lengths = np.random.default_rng(0).integers(17, 513, size=2000)

    planned = sum(len(batch.indices) * batch.length for batch in plan_batches(lengths, 32, 512))

    # Powers of two waste less than half of a row; carried remainders add a batch per bucket at most.
    assert planned < 2 * lengths.sum() + 5 * 32 * 512


def test_without_a_generator_the_longest_come_first_and_ties_keep_their_order() -> None:
    plan = plan_batches(np.array([5, 40, 6, 20, 7, 41]), 2, 64)

    assert [(batch.indices.tolist(), batch.length) for batch in plan] == [([1, 5], 64), ([4, 3], 32), ([0, 2], 16)]


def test_rows_of_one_bucket_keep_their_order() -> None:
    plan = plan_batches(np.array([3, 9, 1, 16, 2]), 2, 64)

    assert np.concatenate([batch.indices for batch in plan]).tolist() == [0, 1, 2, 3, 4]


def test_a_generator_draws_other_rows_and_batches_each_time() -> None:
    lengths = np.random.default_rng(0).integers(1, 65, size=300)
    rng = np.random.default_rng(3)

    first, second = (plan_batches(lengths, 16, 64, rng) for _ in range(2))

    members = [{frozenset(batch.indices.tolist()) for batch in plan} for plan in (first, second)]
    assert len(members[0] & members[1]) == 0
    assert [batch.length for batch in first] != [batch.length for batch in second]
    assert [batch.length for batch in first] != sorted(batch.length for batch in first)


def test_every_row_gets_a_turn_in_the_smaller_batch() -> None:
    lengths = np.full(9, 60)
    rng = np.random.default_rng(0)

    alone = {
        int(batch.indices[0])
        for _ in range(200)
        for batch in plan_batches(lengths, 8, 64, rng)
        if len(batch.indices) == 1
    }

    assert alone == set(range(9))


def test_the_same_generator_gives_the_same_plan() -> None:
    lengths = np.random.default_rng(0).integers(1, 65, size=100)

    plans = [plan_batches(lengths, 16, 64, np.random.default_rng(5)) for _ in range(2)]

    assert [b.indices.tolist() for b in plans[0]] == [b.indices.tolist() for b in plans[1]]


def test_a_row_longer_than_the_sequence_is_the_preprocessors_fault() -> None:
    with pytest.raises(InputError, match=r"Row 1 was tokenized to 70 tokens.*preprocessor"):
        plan_batches(np.array([3, 70]), 2, 64)


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(InputError, match="batch_size is 0"):
        plan_batches(np.array([3]), 0, 64)
    with pytest.raises(InputError, match="sequence_length is 0"):
        bucket_lengths(0)


@pytest.mark.parametrize(("rows", "expected"), [(1, 1), (2, 2), (3, 4), (5, 8), (17, 24), (24, 24)])
def test_filling_rounds_up_to_a_power_of_two_within_the_batch(rows: int, expected: int) -> None:
    filled = fill_rows(np.arange(10, 10 + rows), 24)

    assert len(filled) == expected
    assert filled[:rows].tolist() == list(range(10, 10 + rows))
    assert set(filled[rows:].tolist()) <= {10}
