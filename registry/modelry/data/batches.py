"""Texts in memory -> batches for Keras: tokenised once, bucketed by length, shuffled anew each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelry.data.adapter import Source
from modelry.data.buckets import Batch, fill_rows, plan_batches
from modelry.data.features import call
from modelry.data.packed import Packer
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.data.adapter import BatchData
    from modelry.data.arrays import Array
    from modelry.data.buckets import Ints
    from modelry.data.columns import Columns
    from modelry.data.features import Preprocessor


class TextBatches(Source):
    """The batches of a data set in memory.

    Args:
        columns: one column of n texts, or two.
        targets: the labels and the sample weights, `(n, …)` each: neither, the first, or both.
        preprocessor: one that packs and pads; or any callable from texts to features, which is called on every
            batch and gets them in the user's order unless they are shuffled.
        batch_size: texts per batch.
        shuffle: draw new batches each epoch, from a generator seeded by NumPy's global state and so by
            `keras.utils.set_random_seed`. Without it every epoch is the same, and `order` is known.
        fill: repeat a text of the last, smaller batch until it has a shape that is used more often; for predictions.
    """

    def __init__(
        self,
        columns: Columns,
        targets: tuple[Array, ...] = (),
        *,
        preprocessor: Preprocessor,
        batch_size: int,
        shuffle: bool = False,
        fill: bool = False,
    ) -> None:
        self._columns = columns
        self._targets = targets
        self._preprocessor = preprocessor
        self._batch_size = batch_size
        self._rng = np.random.default_rng(np.random.randint(2**31)) if shuffle else None
        self._fill = fill
        self.ragged = isinstance(preprocessor, Packer)
        rows = len(columns[0])
        if isinstance(preprocessor, Packer):
            self._packed = preprocessor.pack(columns)
            if len(self._packed) != rows:
                raise InputError(f"The preprocessor packed {rows} texts into {len(self._packed)} rows.")
            self._longest = preprocessor.sequence_length
            bucketed = preprocessor.padding == "bucket"
            self._lengths = self._packed.lengths if bucketed else np.full(rows, self._longest)
        else:
            self._longest, self._lengths = 1, np.ones(rows, np.int64)  # one bucket, so the order is kept
        self._plan = self._new_plan()
        if self._rng is None:
            self.order = _places([self._rows(batch) for batch in self._plan], rows)

    def batches(self) -> Iterator[BatchData]:
        """Yield the batches of one epoch, as `(features, *targets)`.

        A plan that was not run to its end is run again, so that Keras' look at the first batch of a new model does
        not use up a shuffle: the same seed gives the same epochs whether the model was built before or not.
        """
        plan = self._plan
        for number, batch in enumerate(plan, start=1):
            rows = self._rows(batch)
            data = (self._features(rows, batch.length), *(values[rows] for values in self._targets))
            if number == len(plan) and self._rng is not None:
                self._plan = self._new_plan()
            yield data

    @property
    def num_batches(self) -> int:
        """How many batches an epoch has."""
        return len(self._plan)

    def _new_plan(self) -> list[Batch]:
        return plan_batches(self._lengths, self._batch_size, self._longest, self._rng)

    def _rows(self, batch: Batch) -> Ints:
        return fill_rows(batch.rows, self._batch_size) if self._fill else batch.rows

    def _features(self, rows: Ints, length: int) -> Any:
        if isinstance(self._preprocessor, Packer):
            return self._preprocessor.pad(self._packed, rows, length)
        return call(self._preprocessor, tuple([column[row] for row in rows] for column in self._columns))


def _places(batches: list[Ints], rows: int) -> Ints:
    """Return for each of `rows` rows where it is in the concatenated batches, `(rows,)` int64."""
    emitted = np.concatenate(batches)
    places = np.empty(rows, dtype=np.int64)
    places[emitted] = np.arange(len(emitted))
    return places
