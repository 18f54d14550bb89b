"""Which texts share a batch, and how long that batch is.

A batch is as long as the bucket of its longest text. Buckets are few, so a backend that compiles a program per shape
(jax, and XLA on TensorFlow) compiles few; and they grow by powers of two, so less than half of a row is padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import numpy.typing as npt

from modelry.errors import InputError

if TYPE_CHECKING:
    from modelry.data.packed import Array, Packer
    from modelry.data.rows import TokenizedTexts

Ints = npt.NDArray[np.int64]

SHORTEST = 16  # shorter rows save nothing that can be measured, and would cost a compilation each


@attrs.frozen(eq=False)
class Batch:
    """Some rows of a data set, and the length they are padded to.

    Attributes:
        texts: `(m,)` int64, the text of each row; 1 <= m <= batch size.
        length: tokens per row.
    """

    texts: Ints
    length: int

    @property
    def places(self) -> Ints:
        """The text of each result, `(m,)` int64."""
        return self.texts

    def features(self, packer: Packer, packed: TokenizedTexts) -> dict[str, Array]:
        """Return the model's inputs, each `(m, length)`."""
        return packer.pad(packed, self.texts, self.length)

    def filled(self, batch_size: int) -> Batch:
        """Return the batch in a shape that is used more often; see `fill_rows`."""
        return Batch(fill_rows(self.texts, batch_size), self.length)


def bucket_lengths(sequence_length: int) -> tuple[int, ...]:
    """Return the powers of two from 16 that are shorter than `sequence_length`, then `sequence_length` itself."""
    return growing_lengths(SHORTEST, 2, sequence_length)


def growing_lengths(shortest: int, growth: int, sequence_length: int) -> tuple[int, ...]:
    """Return `shortest` times the powers of `growth`, below `sequence_length`, then `sequence_length` itself."""
    if sequence_length < 1:
        raise InputError(f"sequence_length is {sequence_length}. Pass at least 1.")
    lengths = []
    length = shortest
    while length < sequence_length:
        lengths.append(length)
        length *= growth
    return (*lengths, sequence_length)


def bucket_length(longest: int, sequence_length: int) -> int:
    """Return the length of the smallest bucket that holds a row of `longest` tokens."""
    return next(length for length in bucket_lengths(sequence_length) if length >= longest)


def plan_batches(
    lengths: Ints, batch_size: int, sequence_length: int, rng: np.random.Generator | None = None
) -> list[Batch]:
    """Put every row in exactly one batch, rows of one bucket together.

    What is left of a bucket after its full batches is carried up into the next longer one. So there are
    `ceil(n / batch_size)` batches, only one of them (among the longest) may be smaller than `batch_size`,
    and the shapes are at most one more than the buckets.

    Args:
        lengths: tokens per row, `(n,)`.
        batch_size: rows per batch.
        sequence_length: the longest a row may be, and the last bucket.
        rng: draws which rows of a bucket meet and in which order the batches come. Without it rows keep their
            order within a bucket and the longest batches come first: memory that does not suffice then shows
            in the first second and not in the last, and a progress bar promises too much time rather than too little.

    Returns:
        The batches, in the order to run them.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    check_plan(lengths, batch_size, sequence_length)
    buckets = np.array(bucket_lengths(sequence_length))
    bucket = np.searchsorted(buckets, lengths)  # of each row, (n,)
    order = np.arange(len(lengths)) if rng is None else rng.permutation(len(lengths))
    order = order[np.argsort(bucket[order], kind="stable")]
    chunks = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    batches = [Batch(rows, int(buckets[bucket[rows[-1]]])) for rows in chunks]  # the last row is the longest
    if rng is None:
        return sorted(batches, key=lambda batch: -batch.length)  # stable: one bucket alone keeps the order of its rows
    return [batches[index] for index in rng.permutation(len(batches))]


def plan_padded(
    packer: Packer, packed: TokenizedTexts, batch_size: int, rng: np.random.Generator | None = None
) -> list[Batch]:
    """Plan batches as the packer's `padding` has it; the arguments are those of `plan_batches`."""
    if packer.padding == "bucket":
        return plan_batches(packed.lengths, batch_size, packer.sequence_length, rng)
    one_bucket = np.ones(len(packed), np.int64)  # so the order of the texts is kept
    return [Batch(batch.texts, packer.sequence_length) for batch in plan_batches(one_bucket, batch_size, 1, rng)]


def check_plan(lengths: Ints, batch_size: int, sequence_length: int) -> None:
    """Check that texts can be put in batches.

    Raises:
        InputError: `batch_size` is not positive, or a text is longer than `sequence_length`.
    """
    if batch_size < 1:
        raise InputError(f"batch_size is {batch_size}. Pass at least 1.")
    if len(lengths) and lengths.max() > sequence_length:
        row = int(lengths.argmax())
        raise InputError(
            f"Row {row} was packed to {lengths[row]} tokens, more than sequence_length={sequence_length}. "
            "This is a fault of the preprocessor: its pack() must truncate."
        )


def fill_rows(rows: Ints, batch_size: int) -> Ints:
    """Repeat the first row until there is a power of two of them, or `batch_size`; the caller drops the repetitions.

    A compiling backend takes seconds for a new shape. Rounding up at most doubles one small batch, and bounds the
    shapes that `predict` calls of any size can cause to log2(batch_size) + 2 per bucket.

    Args:
        rows: `(m,)` int64, 1 <= m <= batch_size.
        batch_size: rows per full batch.

    Returns:
        `(k,)` int64 with k >= m; the first m are `rows`.
    """
    size = min(batch_size, 1 << (len(rows) - 1).bit_length())
    return np.concatenate([rows, np.repeat(rows[:1], size - len(rows))])
