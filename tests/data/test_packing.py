from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelry.data.packing import PackedBatch, best_fit_pack, row_lengths
from modelry.data.rows import Inputs, TokenizedTexts

MIXES = {
    "short": lambda rng, count: rng.integers(3, 20, count),
    "any": lambda rng, count: rng.integers(1, 513, count),
    "skewed": lambda rng, count: np.clip(rng.lognormal(3.5, 1.0, count), 3, 512).astype(int),
    "two kinds": lambda rng, count: rng.choice([5, 500], count),
    "full": lambda rng, count: np.full(count, 512),
    "one token": lambda rng, count: np.ones(count, int),
}


@pytest.mark.parametrize(
    ("sequence_length", "expected"), [(512, (64, 256, 512)), (256, (64, 256)), (65, (64, 65)), (64, (64,)), (5, (5,))]
)
def test_rows_grow_by_four_up_to_the_sequence_length(sequence_length: int, expected: tuple[int, ...]) -> None:
    assert row_lengths(sequence_length) == expected


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("lengths_of_rows", [(64, 256, 512), (512,)])
@pytest.mark.parametrize("most", [1, 3, 8, 1000])
def test_each_text_has_a_place_of_its_own(mix: str, lengths_of_rows: tuple[int, ...], most: int) -> None:
    rng = np.random.default_rng(7)
    for count in (1, 2, 3, 10, 50, 400):
        lengths = MIXES[mix](rng, count)

        rows, starts, sizes = best_fit_pack(lengths, lengths_of_rows, most)

        assert len(rows) == len(starts) == count
        assert set(sizes.tolist()) <= set(lengths_of_rows)
        taken = [np.zeros(size, int) for size in sizes]
        for row, start, length in zip(rows, starts, lengths, strict=True):
            assert start + length <= sizes[row]
            taken[row][start : start + length] += 1
        assert max(tokens.max() for tokens in taken) == 1  # nothing overlaps
        assert sum(tokens.sum() for tokens in taken) == lengths.sum()
        assert np.bincount(rows, minlength=len(sizes)).min() >= 1
        assert np.bincount(rows).max() <= most


def test_a_text_that_fits_into_no_gap_starts_the_shortest_row_that_holds_it() -> None:
    rows, starts, sizes = best_fit_pack(np.array([30, 300, 200, 64, 30, 4, 212]), (64, 256, 512), 8)

    # The longest first: 300 and 212 fill a row of 512, 200 opens one of 256 with 56 free, 64 fills one, and so on.
    assert sizes.tolist() == [512, 256, 64, 64]
    assert rows.tolist() == [1, 0, 1, 2, 3, 1, 0]
    assert starts.tolist() == [200, 0, 0, 0, 0, 230, 300]


def test_the_smallest_gap_that_fits_is_taken() -> None:
    rows, _, sizes = best_fit_pack(np.array([90, 80, 70, 10, 20, 30]), (100,), 8)

    assert sizes.tolist() == [100, 100, 100]
    assert rows.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(("mix", "fill"), [("short", 0.98), ("any", 0.97), ("skewed", 0.98)])
def test_rows_are_full(mix: str, fill: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        lengths = MIXES[mix](rng, 2000)
        _, _, sizes = best_fit_pack(lengths, (512,), 1000)
        assert len(sizes) <= np.ceil(lengths.sum() / 512 / fill)


def tokenized_of(*rows: list[int]) -> Inputs:
    ids = tuple(np.array(row, np.int32) for row in rows)
    return Inputs((list(rows),), TokenizedTexts(ids, tuple(row % 2 for row in ids)))


def test_features_of_two_rows_and_room_for_one_more(packer: Any) -> None:
    packed = tokenized_of([10, 11, 12], [20], [30, 31], [40, 41])
    # Text 2 stands before text 0, though it was given after it; row 2 is empty.
    batch = PackedBatch(
        indices=np.array([0, 2, 3]),
        rows=np.array([0, 0, 1]),
        starts=np.array([2, 0, 0]),
        num_rows=3,
        length=6,
        capacity=4,
    )

    features = batch.features(packer, packed)

    expected = {
        "token_ids": [[30, 31, 10, 11, 12, 0], [40, 41, 0, 0, 0, 0], [0] * 6],
        "segment_ids": [[0, 1, 0, 1, 0, 0], [0, 1, 0, 0, 0, 0], [0] * 6],
        "padding_mask": [[1, 1, 1, 1, 1, 0], [1, 1, 0, 0, 0, 0], [0] * 6],
        "positions": [[0, 1, 0, 1, 2, 0], [0, 1, 0, 0, 0, 0], [0] * 6],
        "document_ids": [[1, 1, 2, 2, 2, 0], [1, 1, 0, 0, 0, 0], [0] * 6],
        "_document_starts": [2, 0, 6, 0],
        "_document_lengths": [3, 2, 2, 0],
    }
    assert {name: array.tolist() for name, array in features.items()} == expected
    assert {array.dtype for array in features.values()} == {np.dtype("int32")}
    assert batch.output_indices.tolist() == [0, 2, 3, -1]


def test_keras_weighs_a_batch_by_its_texts(packer: Any) -> None:
    """It takes the size of a batch from the first input in sorted order, which must have one entry per text."""
    batch = PackedBatch(np.arange(3), np.zeros(3, int), np.array([0, 1, 2]), 1, 8, 3)

    features = batch.features(packer, tokenized_of([1], [2], [3]))

    assert len(features[min(features)]) == 3


def test_features_hold_each_text_where_they_say(packer: Any) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        packed = tokenized_of(*(rng.integers(1, 1000, size).tolist() for size in rng.integers(1, 65, 30)))
        texts = rng.permutation(30)[:20]
        rows, starts, sizes = best_fit_pack(packed.rows.lengths[texts], (64,), 8)
        batch = PackedBatch(texts, rows, starts, len(sizes) + 1, 64, 25)

        features = batch.features(packer, packed)

        ids, segments = features["token_ids"].ravel(), features["segment_ids"].ravel()
        for text, start, length in zip(
            batch.output_indices, features["_document_starts"], features["_document_lengths"], strict=True
        ):
            if text < 0:
                assert length == 0
                continue
            here = slice(start, start + length)
            assert ids[here].tolist() == packed.rows.token_ids[text].tolist()
            assert segments[here].tolist() == packed.rows.segment_ids[text].tolist()
            assert features["positions"].ravel()[here].tolist() == list(range(length))
            assert len(set(features["document_ids"].ravel()[here].tolist())) == 1
        assert ((features["document_ids"] > 0) == (features["padding_mask"] > 0)).all()
        assert features["padding_mask"].sum() == packed.rows.lengths[texts].sum()
