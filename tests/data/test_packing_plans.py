from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from modelry.data.packing import MOST, EpochPlanner, pack_batch, plan_predictions
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelry.data.packing import PackedBatch
    from modelry.data.rows import Ints

MIXES: dict[str, Callable[[np.random.Generator, int], Ints]] = {
    "short": lambda rng, count: rng.integers(3, 20, count),
    "any": lambda rng, count: rng.integers(1, 513, count),
    "skewed": lambda rng, count: np.clip(rng.lognormal(3.5, 1.0, count), 3, 512).astype(int),
    "two kinds": lambda rng, count: rng.choice([5, 500], count),
    "all the same": lambda rng, count: np.full(count, 33),
    "one very long": lambda rng, count: np.array([512, *rng.integers(3, 20, count - 1)]),
}
SIZES = [1, 2, 15, 16, 17, 100, 203]


def shape(batch: PackedBatch) -> tuple[int, int, int]:
    return batch.num_rows, batch.length, batch.capacity


def check(batch: PackedBatch, lengths: Ints) -> None:
    """Every text lies within a row, and none on another."""
    assert len(batch.indices) == len(batch.rows) == len(batch.starts) <= batch.capacity
    taken = np.zeros((batch.num_rows, batch.length), int)
    for text, row, start in zip(batch.indices, batch.rows, batch.starts, strict=True):
        assert start + lengths[text] <= batch.length
        taken[row, start : start + lengths[text]] += 1
    assert taken.max() <= 1


def members(plan: list[PackedBatch]) -> list[list[int]]:
    return [sorted(batch.indices.tolist()) for batch in plan]


@pytest.mark.parametrize("mix", MIXES)
def test_predictions_have_every_text_once(mix: str) -> None:
    rng = np.random.default_rng(0)
    for count in (*SIZES, 1000):
        lengths = MIXES[mix](rng, count)

        plan = plan_predictions(lengths, 32, 512)

        assert sorted(np.concatenate([batch.indices for batch in plan]).tolist()) == list(range(count))
        for batch in plan:
            check(batch, lengths)
            assert batch.capacity == MOST * batch.num_rows
            assert batch.num_rows * batch.length <= 32 * 64
        assert [batch.length for batch in plan] == sorted((batch.length for batch in plan), reverse=True)


@pytest.mark.parametrize(("batch_size", "bound"), [(32, 6 + 4 + 3), (8, 4 + 2 + 1), (1, 3), (24, 6 + 4 + 3)])
def test_predictions_of_any_size_have_few_shapes(batch_size: int, bound: int) -> None:
    """Of rows of 64, 256 and 512 tokens: the full batch, and the powers of two below it."""
    rng = np.random.default_rng(1)
    shapes = set()
    for _ in range(100):
        for mix in MIXES.values():
            lengths = mix(rng, int(rng.integers(1, 400)))
            shapes |= {shape(batch) for batch in plan_predictions(lengths, batch_size, 512)}

    assert len(shapes) <= bound


def test_predictions_leave_little_empty() -> None:
    rng = np.random.default_rng(2)
    for mix in ("short", "skewed"):
        lengths = MIXES[mix](rng, 4000)
        plan = plan_predictions(lengths, 32, 512)
        assert lengths.sum() > 0.85 * sum(batch.num_rows * batch.length for batch in plan)


def test_a_text_that_is_too_long_is_the_preprocessors_fault() -> None:
    for plan in (plan_predictions, EpochPlanner):
        with pytest.raises(InputError, match=r"Row 1 was tokenized to 70 tokens.*preprocessor"):
            plan(np.array([3, 70]), 2, 64)
        with pytest.raises(InputError, match="batch_size is 0"):
            plan(np.array([3]), 0, 64)


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("count", SIZES)
def test_an_epoch_has_every_text_once_and_the_shapes_of_every_other_epoch(mix: str, count: int) -> None:
    lengths = MIXES[mix](np.random.default_rng(3), count)
    planner = EpochPlanner(lengths, 16, 512)

    def shapes(plan: list[PackedBatch]) -> list[tuple[int, int, int]]:
        return sorted(shape(batch) for batch in plan)

    rng = np.random.default_rng(4)
    plans = [planner.plan(rng) for _ in range(20)]

    for plan in (*plans, planner.plan(None)):
        assert sorted(np.concatenate([batch.indices for batch in plan]).tolist()) == list(range(count))
        assert len(plan) == -(-count // 16)
        for batch in plan:
            check(batch, lengths)
            assert batch.capacity == len(batch.indices)  # no free slot, which would count in the loss
    assert {len(batch.indices) for batch in plans[0]} <= {16, count % 16}
    assert all(set(shapes(plan)) == set(shapes(plans[0])) for plan in plans)
    assert len(set(shapes(plans[0]))) <= 3 + 1  # one per length of row, and the last, smaller batch


def test_batches_of_like_texts_need_few_rows() -> None:
    lengths = MIXES["skewed"](np.random.default_rng(5), 3200)
    planner = EpochPlanner(lengths, 32, 512)

    plan = planner.plan(np.random.default_rng(6))

    assert lengths.sum() > 0.75 * sum(batch.num_rows * batch.length for batch in plan)


@pytest.mark.parametrize("mix", ["skewed", "all the same", "short"])
def test_each_epoch_has_new_batches(mix: str) -> None:
    planner = EpochPlanner(MIXES[mix](np.random.default_rng(7), 320), 16, 512)
    rng = np.random.default_rng(8)

    first, second = members(planner.plan(rng)), members(planner.plan(rng))

    assert not {tuple(batch) for batch in first} & {tuple(batch) for batch in second}


def test_the_same_seed_draws_the_same_batches_whatever_was_drawn_before() -> None:
    lengths = MIXES["skewed"](np.random.default_rng(9), 203)
    one, other = EpochPlanner(lengths, 16, 512), EpochPlanner(lengths, 16, 512)
    for seed in range(30):
        other.plan(np.random.default_rng(seed))

    first, second = (planner.plan(np.random.default_rng(5)) for planner in (one, other))

    assert members(first) == members(second)
    assert [shape(batch) for batch in first] == [shape(batch) for batch in second]
    assert members(one.plan(None)) == members(one.plan(None))
    assert members(first) != members(one.plan(np.random.default_rng(6)))


@pytest.mark.parametrize(("mix", "count"), [("all the same", 64), ("skewed", 64), ("skewed", 75), ("any", 70)])
def test_a_text_is_as_likely_in_the_first_batch_as_in_the_last(mix: str, count: int) -> None:
    """Of texts of one length of row. Over many epochs, each place in the epoch is met about equally often."""
    lengths = np.sort(MIXES[mix](np.random.default_rng(10), count)) % 64 + 1
    planner = EpochPlanner(lengths, 8, 64)
    rng = np.random.default_rng(11)
    epochs, batches = 1200, -(-count // 8)
    met = np.zeros((count, batches), int)
    for _ in range(epochs):
        for place, batch in enumerate(planner.plan(rng)):
            met[batch.indices, place] += 1

    expected = epochs / batches
    chi_square = ((met - expected) ** 2 / expected).sum(axis=1)  # of each text, batches - 1 degrees of freedom
    freedom = batches - 1
    assert chi_square.mean() == pytest.approx(freedom, rel=0.25)
    assert chi_square.max() < freedom + 6 * np.sqrt(2 * freedom)


def test_every_text_gets_a_turn_in_the_smaller_batch() -> None:
    lengths = MIXES["skewed"](np.random.default_rng(12), 33)
    planner = EpochPlanner(lengths, 16, 512)
    rng = np.random.default_rng(13)

    alone = {int(batch.indices[0]) for _ in range(600) for batch in planner.plan(rng) if len(batch.indices) == 1}

    # What is left is passed on to longer rows, so it may be any text but not every text equally often.
    assert len(alone) > 16


@pytest.mark.parametrize("mix", MIXES)
def test_one_batch_of_any_texts_has_one_of_few_shapes(mix: str) -> None:
    rng = np.random.default_rng(14)
    shapes = set()
    for _ in range(300):
        lengths = MIXES[mix](rng, 32)
        batch = pack_batch(lengths, 512)
        assert batch.indices.tolist() == list(range(32))
        assert batch.capacity == 32
        check(batch, lengths)
        shapes.add(shape(batch))

    assert {rows for rows, _, _ in shapes} <= {1, 2, 3, 4, 6, 8, 12, 16, 24, 32}
    assert len(shapes) <= 8
