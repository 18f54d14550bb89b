"""Padded batches: one example per row, rows of similar length together.

A batch is as long as the bucket of its longest text. Buckets are few, so a backend that compiles a program per shape
(jax, and XLA on TensorFlow) compiles few; and they grow by powers of two, so less than half of a row is padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import keras
import numpy as np

from modelry.data.rows import ArrayPreprocessor, RowLayout, check_lengths, growing_lengths, take
from modelry.errors import InputError

if TYPE_CHECKING:
    from modelry.data.rows import Inputs, Ints

SHORTEST = 16  # shorter rows save nothing that can be measured, and would cost a compilation each


@attrs.frozen(eq=False)
class Batch(RowLayout):
    """Some examples, one per row.

    Attributes:
        indices: `(m,)` int64, the example of each row; 1 <= m <= batch size.
        length: Tokens per row, padding included; 0 for inputs that are not tokenized.
    """

    indices: Ints
    length: int

    @property
    def num_rows(self) -> int:
        """The number of rows, m."""
        return len(self.indices)

    @property
    def token_starts(self) -> Ints:
        """The place of each example's first token in the flattened rows, `(m,)` int64."""
        return np.arange(self.num_rows) * self.length

    @property
    def output_indices(self) -> Ints:
        """The example of each output, `(m,)` int64."""
        return self.indices

    def features(self, preprocessor: Any, inputs: Inputs) -> Any:
        """Return the model's inputs: arrays `(m, length)`, or `(m, …)` for inputs that are not tokenized."""
        if inputs.rows is not None:
            return preprocessor.pad(inputs.rows, self.indices, self.length)
        return _arrays(preprocessor, inputs, self.indices)

    def filled(self, batch_size: int) -> Batch:
        """Return the batch in one of few shapes; see `fill_rows`."""
        return Batch(fill_rows(self.indices, batch_size), self.length)


def bucket_lengths(sequence_length: int) -> tuple[int, ...]:
    """Return the powers of two from 16 that are shorter than `sequence_length`, then `sequence_length` itself."""
    return growing_lengths(SHORTEST, 2, sequence_length)


def bucket_length(longest: int, sequence_length: int) -> int:
    """Return the length of the smallest bucket that holds a row of `longest` tokens."""
    return next(length for length in bucket_lengths(sequence_length) if length >= longest)


def plan_batches(
    lengths: Ints, batch_size: int, sequence_length: int, rng: np.random.Generator | None = None
) -> list[Batch]:
    """Put every row in exactly one batch, rows of one bucket together.

    The rows left over from a bucket's full batches are carried up into the next longer bucket. So there are
    `ceil(n / batch_size)` batches, only one of them (among the longest) may be smaller than `batch_size`,
    and the shapes are at most one more than the buckets.

    Args:
        lengths: Tokens per row, `(n,)`.
        batch_size: Rows per batch.
        sequence_length: The greatest length of a row, and the last bucket.
        rng: Draws which rows of a bucket meet, and the order of the batches. Without it rows keep their order within a
            bucket and the longest batches come first: a lack of memory then shows in the first second and not in the
            last, and a progress bar promises too much time rather than too little.

    Returns:
        The batches, in the order to run them.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    check_lengths(lengths, batch_size, sequence_length)
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
    preprocessor: Any, inputs: Inputs, batch_size: int, rng: np.random.Generator | None = None
) -> list[Batch]:
    """Plan batches of one example per row.

    Rows of tokens are batched by length unless the preprocessor's `padding` is "fixed". Other examples keep their
    order, or are shuffled.

    Args:
        preprocessor: The preprocessor of the inputs.
        inputs: n examples.
        batch_size: Examples per batch.
        rng: As in `plan_batches`.
    """
    rows = inputs.rows
    if rows is not None and preprocessor.padding == "bucket":
        return plan_batches(rows.lengths, batch_size, preprocessor.sequence_length, rng)
    length = 0 if rows is None else preprocessor.sequence_length
    one_bucket = np.ones(len(inputs), np.int64)
    return [Batch(batch.indices, length) for batch in plan_batches(one_bucket, batch_size, 1, rng)]


def fill_rows(rows: Ints, batch_size: int) -> Ints:
    """Repeat the first row until there is a power of two of them, or `batch_size`; the caller drops the repetitions.

    A compiling backend takes seconds for a new shape. Rounding up at most doubles one small batch, and bounds the
    shapes that `predict` calls of any size can cause to log2(batch_size) + 2 per bucket.

    Args:
        rows: `(m,)` int64, 1 <= m <= batch_size.
        batch_size: Rows per full batch.

    Returns:
        `(k,)` int64 with k >= m; the first m are `rows`.
    """
    size = min(batch_size, 1 << (len(rows) - 1).bit_length())
    return np.concatenate([rows, np.repeat(rows[:1], size - len(rows))])


def _arrays(preprocessor: Any, inputs: Inputs, indices: Ints) -> Any:
    """Call a preprocessor without tokens, or a plain callable, on the examples of one batch."""
    columns = take(inputs.columns, indices)
    if isinstance(preprocessor, ArrayPreprocessor):
        given = preprocessor.arrays(columns)
    else:
        given = preprocessor(columns[0] if len(columns) == 1 else columns)
    features = keras.tree.map_structure(keras.ops.convert_to_numpy, given)
    for array in keras.tree.flatten(features):
        if array.ndim == 0 or len(array) != len(indices):
            raise InputError(
                f"The preprocessor returned an array of shape {array.shape} for {len(indices)} {inputs.noun}s. "
                f"It must return features with one row per {inputs.noun}."
            )
    return features
