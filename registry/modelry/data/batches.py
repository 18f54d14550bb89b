"""Batches for Keras' `fit` and `evaluate`, from whatever users pass.

```python
spec = DataSpec(preprocessor, targets, reader)
super().fit(as_source(x, y, sample_weight, spec, shuffle=True), …)   # and evaluate
predictions = as_predictions(x, spec)
predictions.restore(super().predict(predictions, …))                 # in the order of x
```
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.data.adapter import Source, checked_size, is_stream
from modelry.data.buckets import plan_padded
from modelry.data.columns import to_array
from modelry.data.packing import EpochPlanner, single_batch
from modelry.data.rows import Inputs, is_bucketed, read_columns, tokenized
from modelry.data.spec import read_examples
from modelry.data.streams import StreamSource
from modelry.errors import InputError
from modelry.weights.build import GENERATOR_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modelry.data.adapter import BatchData
    from modelry.data.rows import Columns, RowLayout
    from modelry.data.spec import DataSpec, Examples

Data = tuple[Any, Any, Any]  # x, y, sample_weight


def as_source(
    x: Any,
    y: Any,
    sample_weight: Any,
    spec: DataSpec,
    *,
    batch_size: int | None = None,
    shuffle: bool = False,
    class_weight: Mapping[Any, float] | None = None,
    steps: int | None = None,
    steps_per_epoch: int | None = None,
) -> Source:
    """Return the x for Keras' fit or evaluate, which then gets neither y nor sample_weight.

    Args:
        x: Examples in memory, as `spec.reader` takes them; or a stream of them (see `streams.py`); or a source, which
            is returned as it is.
        y: The labels, one entry per example; `None` for a stream, which brings its own.
        sample_weight: One weight per example, or `None`; `None` for a stream.
        spec: The task's description of its data.
        batch_size: Examples per batch, 32 by default. A stream of batches keeps its own.
        shuffle: Draw new batches each epoch.
        class_weight: A weight per class, by number or name.
        steps: Read only the first `steps * batch_size` examples in memory; pass it on to Keras as well. For evaluate:
            batches are sorted by length, so Keras' own first steps would not be the first examples.
        steps_per_epoch: Batches per epoch of examples in memory; `None` for all. Pass it on to Keras as well. For fit.

    Raises:
        InputError: An example, a label or a weight is missing or wrong; the message names it.
    """
    if isinstance(x, Source):
        return x
    size = checked_size(batch_size)
    if is_stream(x):
        if y is not None or sample_weight is not None:
            raise InputError(
                f"x is a stream ({type(x).__name__}), so y and sample_weight must come with it. "
                "Yield (x, y) or (x, y, sample_weight)."
            )
        return StreamSource(x, spec, batch_size=size, class_weight=class_weight, shuffle=shuffle)
    columns = read_columns(spec.reader, x)
    if steps is not None and steps * size < len(columns[0]):
        part, y, sample_weight = _part(*_counted(columns, y, sample_weight, spec.reader.noun), 0, steps * size)
        columns = part.columns
    examples = read_examples(spec, columns, y, sample_weight, class_weight)
    return MemorySource(examples, spec, batch_size=size, shuffle=shuffle, steps_per_epoch=steps_per_epoch)


class MemorySource(Source):
    """The batches of a data set in memory: tokenized once, full of tokens, in new batches each epoch.

    Args:
        examples: n examples with their labels.
        spec: The task's description of its data.
        batch_size: Examples per batch.
        shuffle: Draw new batches each epoch, from a generator seeded by NumPy's global state and so by
            `keras.utils.set_random_seed`. Without it every epoch is the same.
        steps_per_epoch: The number of batches that Keras takes for an epoch; `None` for all. With a number the batches
            have no end: each epoch continues where the one before it ended, in whatever pass over the examples.
    """

    def __init__(
        self,
        examples: Examples,
        spec: DataSpec,
        *,
        batch_size: int,
        shuffle: bool = False,
        steps_per_epoch: int | None = None,
    ) -> None:
        super().__init__(spec)
        self._examples = examples
        self._batch_size = batch_size
        self._seed = np.random.randint(2**31) if shuffle else None
        self._steps_per_epoch = steps_per_epoch
        self._done = 0  # batches of the epochs before this one, where epochs are counted in steps
        self._epoch, self._passes = 0, 0
        self._planner: EpochPlanner | None = None
        rows = examples.inputs.rows
        if rows is not None and spec.supports_packing and is_bucketed(spec.preprocessor):
            self._planner = EpochPlanner(rows.lengths, batch_size, spec.preprocessor.sequence_length)
        self._plan = self._new_plan()

    def begin_epoch(self, epoch: int) -> None:
        """Draw the batches of an epoch: the same for the same seed, also where training is resumed."""
        if self._steps_per_epoch is not None:
            self._done = epoch * self._steps_per_epoch
        elif (epoch, 0) != (self._epoch, self._passes):
            self._epoch, self._passes = epoch, 0
            self._plan = self._new_plan()

    def batches(self) -> Iterator[BatchData]:
        """Yield the batches of one epoch: `(features,)`, `(features, y)` or `(features, y, sample_weight)`.

        A plan that was not run to its end is run again, so that Keras' peek at the first batch of a new model does
        not use up a shuffle: the same seed gives the same epochs whether the model was built before or not.
        """
        if self._steps_per_epoch is not None:
            yield from map(self._batch, self._endless())
            return
        plan = self._plan
        for number, layout in enumerate(plan, start=1):
            data = self._batch(layout)
            if number == len(plan) and self._seed is not None:
                self._passes += 1
                self._plan = self._new_plan()
            yield data

    @property
    def num_batches(self) -> int | None:
        """The number of batches of an epoch; `None` if they have no end."""
        return len(self._plan) if self._steps_per_epoch is None else None

    def _batch(self, layout: RowLayout) -> BatchData:
        return self._examples.batch(self.spec, layout)

    def _endless(self) -> Iterator[RowLayout]:
        """Yield the batches of one pass over the examples after the other, from the start of the epoch."""
        first, done = divmod(self._done, len(self._plan))  # all plans are of one length
        for self._epoch in itertools.count(first):
            yield from self._new_plan()[done:]
            done = 0

    def _new_plan(self) -> Sequence[RowLayout]:
        rng = None if self._seed is None else np.random.default_rng((self._seed, self._epoch, self._passes))
        if self._planner is not None:
            return self._planner.plan(rng)
        return plan_padded(self.spec.preprocessor, self._examples.inputs, self._batch_size, rng)


def as_batch(
    x: Any,
    y: Any,
    sample_weight: Any,
    spec: DataSpec,
    *,
    class_weight: Mapping[Any, float] | None = None,
    predicting: bool = False,
) -> Data:
    """Return `(features, y, sample_weight)` of one padded batch, for train_on_batch and its relatives.

    Args:
        x: Examples in memory, as `spec.reader` takes them.
        y: The labels, one entry per example.
        sample_weight: One weight per example, or `None`.
        spec: The task's description of its data.
        class_weight: A weight per class, by number or name.
        predicting: Whether only the features are needed.

    Raises:
        InputError: An example, a label or a weight is missing or wrong; the message names it.
    """
    columns = read_columns(spec.reader, x)
    if predicting:
        inputs = tokenized(spec.preprocessor, Inputs(columns, None, spec.reader.noun))
        return single_batch(spec.preprocessor, inputs).features(spec.preprocessor, inputs), None, None
    examples = read_examples(spec, columns, y, sample_weight, class_weight)
    features, *rest = examples.batch(spec, single_batch(spec.preprocessor, examples.inputs))
    y, sample_weight = (*rest, None, None)[:2]
    return features, y, sample_weight


def split_validation(x: Any, y: Any, sample_weight: Any, fraction: float, spec: DataSpec) -> tuple[Data, Data | None]:
    """Hold out the last part of data in memory, before any shuffling, as Keras does.

    Args:
        x: Examples in memory.
        y: One label per example, or `None`.
        sample_weight: One weight per example, or `None`.
        fraction: The part to hold out; 0 for none.
        spec: The task's description of its data.

    Returns:
        `(x, y, sample_weight)` to train on, and the part held out or `None`; x as `Inputs`.

    Raises:
        InputError: The fraction is out of range, x is a stream, or the parts have different lengths.
    """
    if not fraction:
        return (x, y, sample_weight), None
    if not 0 < fraction < 1:
        raise InputError(f"validation_split is {fraction}. Pass a fraction between 0 and 1.")
    if isinstance(x, Source) or is_stream(x):
        raise InputError(
            f"validation_split needs data in memory, but x is a stream ({type(x).__name__}). Pass validation_data."
        )
    columns, noun = read_columns(spec.reader, x), spec.reader.noun
    rows = len(columns[0])
    split = math.floor(rows * (1 - fraction))
    if not 0 < split < rows:
        raise InputError(
            f"validation_split={fraction} of {rows} {noun}s leaves nothing to {'validate' if split else 'train'} on."
        )
    data = _counted(columns, y, sample_weight, noun)
    return _part(*data, 0, split), _part(*data, split, rows)


def unpack_validation(validation_data: Any) -> Data:
    """Return `(x, y, sample_weight)` of the validation_data of fit: `(x, y[, sample_weight])` or a stream."""
    if not isinstance(validation_data, tuple | list):
        return validation_data, None, None
    if len(validation_data) not in (2, 3):
        raise InputError(
            f"validation_data has {len(validation_data)} items. Pass (x, y), (x, y, sample_weight) or a stream."
        )
    return validation_data[0], validation_data[1], validation_data[2] if len(validation_data) == 3 else None


def _counted(columns: Columns, y: Any, sample_weight: Any, noun: str) -> Data:
    """Return data whose parts can be sliced.

    Raises:
        InputError: They have different lengths.
    """
    count = len(columns[0])
    parts = []
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None and not isinstance(value, list | tuple):  # entries of lists may differ in length
            value = to_array(value, name)
            if value.ndim == 0 or len(value) != count:
                raise InputError(
                    f"x has {count} {noun}s, but {name} has the shape {value.shape}. Pass one value per {noun}."
                )
        elif value is not None and len(value) != count:
            raise InputError(f"x has {count} {noun}s, but {name} has {len(value)} entries. Pass one value per {noun}.")
        parts.append(value)
    return columns, parts[0], parts[1]


def _part(columns: Columns, y: Any, sample_weight: Any, start: int, stop: int) -> Data:
    return (
        Inputs(tuple(column[start:stop] for column in columns)),
        None if y is None else y[start:stop],
        None if sample_weight is None else sample_weight[start:stop],
    )


class EpochNumbers(keras.callbacks.Callback):
    """Makes an epoch of training depend on the seed and its number alone, so that training can be resumed.

    The source draws the batches that it would have drawn, and random generators are set to a place of the epoch's own:
    Keras does not save where they were. On PyTorch that includes the global one, which Keras' dropout takes. The seed
    is drawn from NumPy's global state for each run, and so follows from `keras.utils.set_random_seed`.

    Args:
        source: The data that is trained on.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._seed = np.random.randint(2**31)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Prepare source and generators for an epoch."""
        self._source.begin_epoch(epoch)
        if keras.backend.backend() == "torch":
            import torch

            torch.manual_seed(int(self._place(epoch, 0).generate_state(1, "uint64")[0]))
        generators = (variable for variable in self.model.variables if variable.name == GENERATOR_STATE)
        for which, variable in enumerate(generators, start=1):
            first, second = self._place(epoch, which).generate_state(2)
            # On PyTorch they have 31 bits. The second one counts the draws, and needs room above it.
            variable.assign(np.array([first >> 1, second >> 2], "uint32"))

    def _place(self, epoch: int, which: int) -> np.random.SeedSequence:
        """Return where a generator begins that no other generator, epoch or run begins near to."""
        return np.random.SeedSequence((self._seed, epoch, which))
