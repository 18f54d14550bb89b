"""Texts in memory -> batches to train or evaluate on: tokenised once, full of tokens, shuffled anew each epoch."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from modelry.data.adapter import Source
from modelry.data.buckets import plan_padded
from modelry.data.features import CalledPreprocessor
from modelry.data.sharing import EpochPlanner
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelry.data.adapter import BatchData
    from modelry.data.arrays import Array
    from modelry.data.buckets import Batch
    from modelry.data.columns import Columns
    from modelry.data.packed import Packer
    from modelry.data.shared_rows import SharedRows


class TextBatches(Source):
    """The batches of a data set in memory.

    Args:
        columns: one column of n texts, or two.
        targets: the labels and the sample weights, `(n, …)` each: neither, the first, or both.
        packer: the preprocessor.
        batch_size: texts per batch.
        shuffle: draw new batches each epoch, from a generator seeded by NumPy's global state and so by
            `keras.utils.set_random_seed`. Without it every epoch is the same.
        steps_per_epoch: how many batches Keras takes for an epoch; None for all. Then the batches have no end: epoch
            after epoch goes on where the one before it ended, whatever pass over the texts that is in.
        shares_rows: whether the model takes rows that several texts share.
    """

    def __init__(
        self,
        columns: Columns,
        targets: tuple[Array, ...] = (),
        *,
        packer: Packer,
        batch_size: int,
        shuffle: bool = False,
        steps_per_epoch: int | None = None,
        shares_rows: bool = False,
    ) -> None:
        self.ragged = not isinstance(packer, CalledPreprocessor)
        rows = len(columns[0])
        self._packer = packer
        self._targets = targets
        self._batch_size = batch_size
        self._seed = np.random.randint(2**31) if shuffle else None
        self._steps_per_epoch = steps_per_epoch
        self._done = 0  # batches of the epochs before this one, where epochs are counted in steps
        self._epoch, self._passes = 0, 0
        self._packed = packer.tokenize(columns)
        if len(self._packed) != rows:
            raise InputError(f"The preprocessor packed {rows} texts into {len(self._packed)} rows.")
        shared = shares_rows and packer.padding == "bucket"
        self._planner = EpochPlanner(self._packed.lengths, batch_size, packer.sequence_length) if shared else None
        self._plan = self._new_plan()

    def begin_epoch(self, epoch: int) -> None:
        """Draw the batches of an epoch: the same for the same seed, also where training is resumed."""
        if self._steps_per_epoch is not None:
            self._done = epoch * self._steps_per_epoch
        elif (epoch, 0) != (self._epoch, self._passes):
            self._epoch, self._passes = epoch, 0
            self._plan = self._new_plan()

    def batches(self) -> Iterator[BatchData]:
        """Yield the batches of one epoch, as `(features, *targets)`.

        A plan that was not run to its end is run again, so that Keras' look at the first batch of a new model does
        not use up a shuffle: the same seed gives the same epochs whether the model was built before or not.
        """
        if self._steps_per_epoch is not None:
            yield from map(self._batch, self._endless())
            return
        plan = self._plan
        for number, batch in enumerate(plan, start=1):
            data = self._batch(batch)
            if number == len(plan) and self._seed is not None:
                self._passes += 1
                self._plan = self._new_plan()
            yield data

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has; None where they have no end."""
        return len(self._plan) if self._steps_per_epoch is None else None

    def _batch(self, batch: Batch | SharedRows) -> BatchData:
        return batch.features(self._packer, self._packed), *(values[batch.texts] for values in self._targets)

    def _endless(self) -> Iterator[Batch | SharedRows]:
        """Yield the batches of one pass over the texts after the other, from where the epoch begins."""
        first, done = divmod(self._done, len(self._plan))  # all plans are of one length
        for self._epoch in itertools.count(first):
            yield from self._new_plan()[done:]
            done = 0

    def _new_plan(self) -> Sequence[Batch | SharedRows]:
        rng = None if self._seed is None else np.random.default_rng((self._seed, self._epoch, self._passes))
        if self._planner is not None:
            return self._planner.plan(rng)
        return plan_padded(self._packer, self._packed, self._batch_size, rng)
