from __future__ import annotations

import itertools

import numpy as np
import pytest

from modelry.data.alike import plan_alike
from modelry.errors import InputError


def members(lengths: list[int], batch_size: int = 32) -> list[list[int]]:
    return [np.array(lengths)[batch.texts].tolist() for batch in plan_alike(np.array(lengths), batch_size, 512)]


def test_a_batch_is_as_long_as_its_longest_text_and_holds_a_fixed_number_of_tokens() -> None:
    plan = plan_alike(np.array([40, 60, 50, 60, 40]), batch_size=2, sequence_length=512)

    assert [(batch.texts.tolist(), batch.length) for batch in plan] == [([1, 3], 60), ([2, 0], 50), ([4], 40)]


def test_a_batch_ends_before_its_padding_costs_more_than_another_batch() -> None:
    assert members([100, 36, 36, 35]) == [[100, 36, 36], [35]]  # 128 tokens of padding, and not 193
    assert members([200, 5]) == [[200], [5]]
    assert members([40, 39, 1]) == [[40, 39, 1]]


def test_a_text_that_is_longer_than_a_batch_is_one_by_itself() -> None:
    assert members([512, 511, 64], batch_size=2) == [[512], [511], [64]]


def test_texts_without_tokens_have_batches_too() -> None:
    (batch,) = plan_alike(np.array([0, 0]), batch_size=32, sequence_length=512)

    assert (batch.texts.tolist(), batch.length) == ([0, 1], 1)
    assert plan_alike(np.zeros(0, np.int64), batch_size=32, sequence_length=512) == []


@pytest.mark.parametrize(("low", "high"), [(3, 20), (9, 232), (1, 513), (33, 34)])
def test_every_text_is_in_one_batch_and_little_is_padding(low: int, high: int) -> None:
    lengths = np.random.default_rng(0).integers(low, high, 1000)

    plan = plan_alike(lengths, batch_size=32, sequence_length=512)

    assert sorted(np.concatenate([batch.texts for batch in plan]).tolist()) == list(range(1000))
    padding = [int(np.sum(batch.length - lengths[batch.texts])) for batch in plan]
    assert max(padding) <= 128
    assert all(len(batch.texts) * batch.length <= 32 * 64 for batch in plan)
    for index, (batch, following) in enumerate(itertools.pairwise(plan)):  # none ends too early
        full = (len(batch.texts) + 1) * batch.length > 32 * 64
        assert full or padding[index] + batch.length - following.length > 128
    assert [batch.length for batch in plan] == sorted((batch.length for batch in plan), reverse=True)


def test_what_cannot_be_planned_is_refused() -> None:
    with pytest.raises(InputError, match="batch_size is 0"):
        plan_alike(np.array([3]), batch_size=0, sequence_length=512)
    with pytest.raises(InputError, match="Row 1 was packed to 513 tokens"):
        plan_alike(np.array([3, 513]), batch_size=32, sequence_length=512)
