"""Sequence packing: several texts one after another in a row, for backbones that keep them apart.

Padding short texts to one length wastes most of a row. Packed texts fill rows: one shape serves every mix of lengths,
so a compiling backend compiles once. A text's result is the same as alone, because no token sees another text's tokens
and positions start at 0 with each text.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from modelry.data.buckets import Batch, bucket_length
from modelry.data.rows import RowLayout, TokenizedTexts, check_lengths, growing_lengths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.data.rows import Inputs, Ints

SHORTEST = 64  # tokens; shorter rows would save little attention and leave more gaps
GROWTH = 4  # from one length of row to the next
MOST = 8  # texts per row in a prediction: a head gets room for as many texts as long as the row
GAP = 0.25  # of a last batch may stay empty before it is split into smaller ones
DRAWS = 5  # epochs drawn in advance, to learn how many rows their batches need
TRIES = 50  # draws in search of batches that need no more; of all draws, less than 1 in DRAWS does

# Inputs of the model besides its usual ones. Keras weighs the loss of a batch by the first axis of the first input: the
# underscore sorts these two, which have one entry per text, before all others.
DOCUMENT_LENGTHS = "_document_lengths"
DOCUMENT_STARTS = "_document_starts"
POSITIONS = "positions"
DOCUMENT_IDS = "document_ids"

_NOTHING = np.zeros(0, "int32")


@attrs.frozen(eq=False)
class PackedBatch(RowLayout):
    """A batch of rows with several texts each.

    Attributes:
        indices: `(n,)` int64, the texts, as indices into a data set.
        rows: `(n,)` int64, the row of each text.
        starts: `(n,)` int64, the place of its first token in the row.
        num_rows: The number of rows; some may be empty.
        length: Tokens per row.
        capacity: The number of texts that the batch has room for, at least n; the first axis of outputs per text.
    """

    indices: Ints
    rows: Ints
    starts: Ints
    num_rows: int
    length: int
    capacity: int

    @property
    def output_indices(self) -> Ints:
        """The text of each output, `(capacity,)` int64; -1 where there is none."""
        return np.concatenate([self.indices, np.full(self.capacity - len(self.indices), -1)])

    @property
    def token_starts(self) -> Ints:
        """The place of each text's first token in the flattened rows, `(n,)` int64."""
        return self.rows * self.length + self.starts

    def features(self, preprocessor: Any, inputs: Inputs) -> dict[str, Any]:
        """Return the model's inputs.

        Returns:
            The preprocessor's own, each `(num_rows, length)`; `positions` and `document_ids`, int32 of the same shape:
            each token's place in its text, and the text's number in its row, from 1 (0 for padding); and int32
            `(capacity,)` each, the start of each text in the flattened rows, and its length (0 where there is none).
        """
        tokenized = inputs.rows
        assert tokenized is not None  # plans of packed batches are made of lengths in tokens
        order = np.lexsort((self.starts, self.rows))
        texts, rows, starts = self.indices[order], self.rows[order], self.starts[order]
        ends = np.searchsorted(rows, np.arange(self.num_rows + 1))  # of row i: texts ends[i] to ends[i + 1]
        packed = TokenizedTexts(
            *(
                tuple(np.concatenate([part[text] for text in texts[a:b]] or [_NOTHING]) for a, b in pairwise(ends))
                for part in (tokenized.token_ids, tokenized.segment_ids)
            )
        )
        lengths = tokenized.lengths[self.indices]
        positions = np.zeros((self.num_rows, self.length), "int32")
        document_ids = np.zeros_like(positions)
        numbers = np.arange(len(texts)) - ends[rows] + 1
        for row, start, number, length in zip(rows, starts, numbers, lengths[order], strict=True):
            positions[row, start : start + length] = np.arange(length)
            document_ids[row, start : start + length] = number
        vacant = (0, self.capacity - len(self.indices))
        return {
            **preprocessor.pad(packed, range(self.num_rows), self.length),
            POSITIONS: positions,
            DOCUMENT_IDS: document_ids,
            DOCUMENT_STARTS: np.pad(self.token_starts, vacant).astype("int32"),
            DOCUMENT_LENGTHS: np.pad(lengths, vacant).astype("int32"),
        }


def row_lengths(sequence_length: int) -> tuple[int, ...]:
    """Return the possible lengths of rows: 64, 256, 1,024, … below `sequence_length`, then that itself."""
    return growing_lengths(SHORTEST, GROWTH, sequence_length)


def best_fit_pack(lengths: Ints, row_lengths: Sequence[int], most: int) -> tuple[Ints, Ints, Ints]:
    """Put texts into rows: the longest first, each where it leaves the smallest gap.

    A text that fits into no gap starts a row, of the smallest length that holds it.

    Args:
        lengths: `(n,)` tokens per text, none above the last of `row_lengths`.
        row_lengths: The possible lengths of rows, ascending.
        most: The greatest number of texts in a row.

    Returns:
        The row of each text, `(n,)`; the place of its first token in the row, `(n,)`; and the length of each row.
    """
    rows, starts = np.zeros(len(lengths), np.int64), np.zeros(len(lengths), np.int64)
    sizes: list[int] = []
    counts: list[int] = []
    gaps: dict[int, list[int]] = {}  # tokens free -> the rows with that many
    known = 0  # bit i is set if there is a gap of i tokens: finding the smallest that fits is one shift
    for text in np.argsort(-lengths, kind="stable").tolist():
        length = int(lengths[text])
        if fitting := known >> length:
            gap = length + (fitting & -fitting).bit_length() - 1
            row = gaps[gap].pop()
            if not gaps[gap]:
                known ^= 1 << gap
        else:
            row, gap = len(sizes), next(size for size in row_lengths if size >= length)
            sizes.append(gap)
            counts.append(0)
        rows[text], starts[text] = row, sizes[row] - gap
        counts[row] += 1
        gap -= length
        if gap and counts[row] < most:
            gaps.setdefault(gap, []).append(row)
            known |= 1 << gap
    return rows, starts, np.array(sizes, dtype=np.int64)


def plan_predictions(lengths: Ints, batch_size: int, sequence_length: int) -> list[PackedBatch]:
    """Fill rows with texts, and batches with rows.

    A batch has `64 * batch_size` tokens, whatever the length of its rows. The rest makes batches of half as many rows,
    a quarter, and so on: few shapes, and few empty rows.

    Args:
        lengths: Tokens per text, `(n,)`.
        batch_size: Rows of 64 tokens per batch.
        sequence_length: The greatest length of a text.

    Returns:
        The batches, those with the longest rows first: a lack of memory shows in the first second.
    """
    check_lengths(lengths, batch_size, sequence_length)
    rows, starts, sizes = best_fit_pack(lengths, row_lengths(sequence_length), MOST)
    by_row = np.argsort(rows, kind="stable")
    ends = np.searchsorted(rows[by_row], np.arange(len(sizes) + 1))  # the texts of row i: ends[i] to ends[i + 1]
    batches = []
    for length in np.unique(sizes)[::-1].tolist():
        members = np.flatnonzero(sizes == length)
        done = 0
        for num_rows in _batch_rows(len(members), max(1, batch_size * SHORTEST // length)):
            batch = members[done : done + num_rows]
            texts = np.concatenate([by_row[ends[row] : ends[row + 1]] for row in batch])
            places = np.searchsorted(batch, rows[texts])
            batches.append(PackedBatch(texts, places, starts[texts], num_rows, length, MOST * num_rows))
            done += num_rows
    return batches


def _batch_rows(rows: int, largest: int) -> list[int]:
    """Split rows into batches: `largest` as often as it goes, then powers of two; the last may have empty rows."""
    sizes = [largest] * (rows // largest)
    left = rows % largest
    while left:
        size = min(largest, 1 << (left - 1).bit_length())
        if left < (1 - GAP) * size:
            size = 1 << (left.bit_length() - 1)
        sizes.append(size)
        left = max(0, left - size)
    return sizes


class EpochPlanner:
    """Draws the batches of one epoch after the other, all in the same few shapes.

    Texts of like row length are batched together; within these, every batch gets one text of each stratum of length.
    So all batches have about the same number of tokens and the same mix of short and long texts, and one shape fits
    them. Within a stratum every text is as likely in one batch as in any other.

    Args:
        lengths: Tokens per text, `(n,)`.
        batch_size: Texts per batch.
        sequence_length: The greatest length of a text.
    """

    def __init__(self, lengths: Ints, batch_size: int, sequence_length: int) -> None:
        check_lengths(lengths, batch_size, sequence_length)
        self._lengths = lengths
        self._batch_size = batch_size
        lengths_of_rows = row_lengths(sequence_length)
        self._row_lengths = lengths_of_rows[: 1 + int(np.searchsorted(lengths_of_rows, lengths.max(initial=0)))]
        self._num_rows: dict[tuple[int, int], int] = {}  # (texts, length of row) -> rows of such a batch; never falls

    def plan(self, rng: np.random.Generator | None) -> list[PackedBatch]:
        """Return the batches of an epoch in random order; without `rng` every plan is the same."""
        if rng is None:
            return self._batches(None)
        if not self._num_rows:
            for seed in range(DRAWS):
                self._batches(np.random.default_rng(seed), tries=1)
        batches = self._batches(rng)
        return [batches[index] for index in rng.permutation(len(batches))]

    def _batches(self, rng: np.random.Generator | None, tries: int = TRIES) -> list[PackedBatch]:
        layouts: list[_Layout] = []
        left = np.zeros(0, np.int64)
        for shorter, length in zip((0, *self._row_lengths), self._row_lengths, strict=False):
            members = np.flatnonzero((self._lengths > shorter) & (self._lengths <= length))
            members = np.concatenate([left, members])  # with the rest of shorter rows, which made no whole batch
            members = members[np.argsort(self._lengths[members], kind="stable")]
            for _ in range(tries if rng is not None else 1):
                drawn, left = self._draw(members, length, rng)
                if all(layout.needed <= self._num_rows.get(layout.kind, 0) for layout in drawn):
                    break
            layouts += drawn
        for layout in layouts:
            self._num_rows[layout.kind] = max(self._num_rows.get(layout.kind, 0), layout.needed)
        return [layout.batch(self._num_rows[layout.kind]) for layout in layouts]

    def _draw(self, members: Ints, length: int, rng: np.random.Generator | None) -> tuple[list[_Layout], Ints]:
        """Make batches of texts in order of their length; return them, and the texts that made no whole batch."""
        stay, left = _take_out(members, len(members) % self._batch_size, rng)
        strata = stay.reshape(self._batch_size, -1)  # (texts per batch, batches)
        if rng is not None:
            strata = rng.permuted(strata, axis=1)
        batches = list(strata.T)
        if length == self._row_lengths[-1] and len(left):
            batches.append(left)  # the last batch: always in the longest rows, so that it too has one shape
        return [
            _Layout(texts, length, *best_fit_pack(self._lengths[texts], (length,), len(texts))) for texts in batches
        ], left


@attrs.frozen(eq=False)
class _Layout:
    """The texts of a batch, packed into rows; see `best_fit_pack`."""

    texts: Ints
    length: int
    rows: Ints
    starts: Ints
    sizes: Ints

    @property
    def kind(self) -> tuple[int, int]:
        return len(self.texts), self.length

    @property
    def needed(self) -> int:
        return len(self.sizes)

    def batch(self, num_rows: int) -> PackedBatch:
        return PackedBatch(self.texts, self.rows, self.starts, num_rows, self.length, len(self.texts))


def pack_batch(lengths: Ints, sequence_length: int) -> PackedBatch:
    """Return one batch of all texts, in one of few shapes: its rows are rounded up to 1, 2, 3, 4, 6, 8, 12, 16, ….

    Args:
        lengths: Tokens per text, `(n,)`.
        sequence_length: The greatest length of a text.
    """
    check_lengths(lengths, len(lengths), sequence_length)
    length = next(size for size in row_lengths(sequence_length) if size >= lengths.max())
    rows, starts, sizes = best_fit_pack(lengths, (length,), most=len(lengths))
    doubled = 1 << (len(sizes) - 1).bit_length()
    num_rows = doubled * 3 // 4 if len(sizes) <= doubled * 3 // 4 else doubled
    return PackedBatch(np.arange(len(lengths)), rows, starts, num_rows, length, len(lengths))


def single_batch(preprocessor: Any, inputs: Inputs, supports_packing: bool = False) -> RowLayout:
    """Return one batch of all examples, no longer than they need.

    Args:
        preprocessor: The preprocessor of the inputs.
        inputs: n examples.
        supports_packing: Whether the model takes packed batches.
    """
    length = 0
    if inputs.rows is not None:
        length = preprocessor.sequence_length
        if preprocessor.padding == "bucket":
            lengths = inputs.rows.lengths
            if supports_packing:
                return pack_batch(lengths, length)
            length = bucket_length(int(lengths.max()), length)
    return Batch(np.arange(len(inputs)), length)


def _take_out(members: Ints, count: int, rng: np.random.Generator | None) -> tuple[Ints, Ints]:
    """Take `count` texts out of `members`, evenly over their order; return the rest and those taken."""
    offset = 0.5 if rng is None else rng.random()
    taken = ((np.arange(count) + offset) * len(members) / max(count, 1)).astype(np.int64)
    return np.delete(members, taken), members[taken]
