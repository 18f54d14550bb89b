"""Which texts share rows in a prediction, and in an epoch of training or evaluation."""

from __future__ import annotations

import attrs
import numpy as np

from modelry.data.buckets import check_plan
from modelry.data.shared_rows import SHORTEST, Ints, SharedRows, lay_out, row_lengths

MOST = 8  # texts per row in a prediction: a head gets room for as many texts as long as the row
GAP = 0.25  # of a last batch may stay empty before it is split into smaller ones
DRAWS = 5  # epochs that are drawn beforehand, to know how many rows their batches need
TRIES = 50  # draws in search of batches that need no more; of all draws, less than 1 in DRAWS does


def plan_predictions(lengths: Ints, batch_size: int, sequence_length: int) -> list[SharedRows]:
    """Fill rows with texts, and batches with rows.

    A batch has `64 * batch_size` tokens, whatever the length of its rows. What is left over makes batches of half as
    many rows, a quarter, and so on: few shapes, and few empty rows.

    Args:
        lengths: tokens per text, `(n,)`.
        batch_size: rows of 64 tokens per batch.
        sequence_length: the longest a text may be.

    Returns:
        The batches, those with the longest rows first: memory that does not suffice shows in the first second.
    """
    check_plan(lengths, batch_size, sequence_length)
    rows, starts, sizes = lay_out(lengths, row_lengths(sequence_length), MOST)
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
            batches.append(SharedRows(texts, places, starts[texts], num_rows, length, MOST * num_rows))
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
        lengths: tokens per text, `(n,)`.
        batch_size: texts per batch.
        sequence_length: the longest a text may be.
    """

    def __init__(self, lengths: Ints, batch_size: int, sequence_length: int) -> None:
        check_plan(lengths, batch_size, sequence_length)
        self._lengths = lengths
        self._batch_size = batch_size
        lengths_of_rows = row_lengths(sequence_length)
        self._row_lengths = lengths_of_rows[: 1 + int(np.searchsorted(lengths_of_rows, lengths.max(initial=0)))]
        self._num_rows: dict[tuple[int, int], int] = {}  # (texts, length of row) -> rows of such a batch; never falls

    def plan(self, rng: np.random.Generator | None) -> list[SharedRows]:
        """Return the batches of an epoch in random order; without `rng` every plan is the same."""
        if rng is None:
            return self._batches(None)
        if not self._num_rows:
            for seed in range(DRAWS):
                self._batches(np.random.default_rng(seed), tries=1)
        batches = self._batches(rng)
        return [batches[index] for index in rng.permutation(len(batches))]

    def _batches(self, rng: np.random.Generator | None, tries: int = TRIES) -> list[SharedRows]:
        layouts: list[_Layout] = []
        left = np.zeros(0, np.int64)
        for shorter, length in zip((0, *self._row_lengths), self._row_lengths, strict=False):
            members = np.flatnonzero((self._lengths > shorter) & (self._lengths <= length))
            members = np.concatenate([left, members])  # with what made no whole batch of shorter rows
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
        """Make batches of texts in order of their length; return them, and what made no whole batch."""
        stay, left = _take_out(members, len(members) % self._batch_size, rng)
        strata = stay.reshape(self._batch_size, -1)  # (texts per batch, batches)
        if rng is not None:
            strata = rng.permuted(strata, axis=1)
        batches = list(strata.T)
        if length == self._row_lengths[-1] and len(left):
            batches.append(left)  # the last batch: always in the longest rows, so that it too has one shape
        return [
            _Layout(texts, length, *lay_out(self._lengths[texts], (length,), len(texts))) for texts in batches
        ], left


@attrs.frozen(eq=False)
class _Layout:
    """The texts of a batch, laid out in rows; see `lay_out`."""

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

    def batch(self, num_rows: int) -> SharedRows:
        return SharedRows(self.texts, self.rows, self.starts, num_rows, self.length, len(self.texts))


def share_batch(lengths: Ints, sequence_length: int) -> SharedRows:
    """Return one batch of all texts, in one of few shapes: its rows are rounded up to 1, 2, 3, 4, 6, 8, 12, 16, ….

    Args:
        lengths: tokens per text, `(n,)`.
        sequence_length: the longest a text may be.
    """
    check_plan(lengths, len(lengths), sequence_length)
    length = next(size for size in row_lengths(sequence_length) if size >= lengths.max())
    rows, starts, sizes = lay_out(lengths, (length,), most=len(lengths))
    doubled = 1 << (len(sizes) - 1).bit_length()
    num_rows = doubled * 3 // 4 if len(sizes) <= doubled * 3 // 4 else doubled
    return SharedRows(np.arange(len(lengths)), rows, starts, num_rows, length, len(lengths))


def _take_out(members: Ints, count: int, rng: np.random.Generator | None) -> tuple[Ints, Ints]:
    """Take `count` texts out of `members`, evenly over their order; return those that stay and those taken."""
    offset = 0.5 if rng is None else rng.random()
    taken = ((np.arange(count) + offset) * len(members) / max(count, 1)).astype(np.int64)
    return np.delete(members, taken), members[taken]
