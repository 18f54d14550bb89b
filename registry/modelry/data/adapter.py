"""Batches for Keras: the base class of the data sources that `fit`, `evaluate` and `predict` read.

Keras passes an instance of its `DataAdapter` through untouched ("Allow passing a custom data adapter"). The public
`keras.utils.PyDataset` does not do, for two reasons: it cannot end a stream of unknown length, and on TensorFlow Keras
fixes the tensor shapes from its first two batches, so that a third one of another length fails.
The price is one import from `keras.src`, kept to this file and watched by a test.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import keras
import numpy as np
from keras.src.trainers.data_adapters.data_adapter import DataAdapter

from modelry.data.rows import RowPreprocessor
from modelry.errors import InputError

if TYPE_CHECKING:
    from modelry.data.spec import DataSpec

BatchData = tuple[Any, ...]  # (features,), (features, y) or (features, y, sample_weight), of NumPy arrays

BATCH_SIZE = 32  # Keras' default

T = TypeVar("T")


class Source(DataAdapter):
    """A source of batches for Keras on any backend.

    Args:
        spec: The task's description of its data.

    Attributes:
        spec: As above.
        noun: What an example is called, such as "text".
    """

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec
        self.noun: str = spec.reader.noun
        ragged = isinstance(spec.preprocessor, RowPreprocessor)
        self._ragged = (ragged, ragged and spec.targets.per_token)  # of the features; of labels and weights

    def batches(self) -> Iterator[BatchData]:
        """Yield the batches of one epoch. Keras may start an epoch only to look at its first batch."""
        raise NotImplementedError

    def begin_epoch(self, epoch: int) -> None:
        """Prepare for an epoch, given its number from 0; does nothing unless a subclass does."""

    def peek(self, count: int) -> list[BatchData]:
        """Return the first batches, `count` or fewer if there are no more, without using any of them up."""
        return list(itertools.islice(self.batches(), count))

    def get_numpy_iterator(self) -> Iterator[BatchData]:
        """Yield NumPy arrays."""
        return self.batches()

    def get_jax_iterator(self) -> Iterator[BatchData]:
        """Yield NumPy arrays, which jax takes."""
        return self.batches()

    def get_torch_dataloader(self) -> Iterator[BatchData]:
        """Yield torch tensors on Keras' device. Keras only iterates over it, so it need not be a DataLoader."""
        for batch in self.batches():
            yield keras.tree.map_structure(keras.ops.convert_to_tensor, batch)

    def get_tf_dataset(self) -> Any:
        """Return a `tf.data.Dataset` whose shapes leave open the axes that differ between batches."""
        import tensorflow as tf

        # Two batches show which axes differ; where padding decides, one does.
        first = self.peek(1 if self._ragged[0] else 2)
        if not first:
            raise InputError("The data is empty: it ended before its first batch.")

        def spec(ragged: bool, *arrays: Any) -> Any:
            axes = zip(*(array.shape for array in arrays), strict=True)
            shape = [sizes[0] if len(set(sizes)) == 1 else None for sizes in axes]
            shape[0] = None
            if ragged and len(shape) > 1:
                shape[1] = None
            return tf.TensorSpec(shape, arrays[0].dtype)

        signature = tuple(
            keras.tree.map_structure(lambda *arrays, ragged=self._ragged[place > 0]: spec(ragged, *arrays), *parts)
            for place, parts in enumerate(zip(*first, strict=True))
        )
        # No prefetching: it would run ahead of a generator that is only being looked at, and padding costs little.
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        return tf.data.Dataset.from_generator(self.batches, output_signature=signature).with_options(options)

    @property
    def num_batches(self) -> int | None:
        """The number of batches of an epoch; `None` if it is not known."""
        raise NotImplementedError


class PeekableIterator(Generic[T]):
    """A one-shot iterator that Keras may start more than once, to peek at its first items.

    Keras starts a source once to see a batch, and again to train; on a GPU jax reads two batches to see one, and on
    TensorFlow two show which shapes differ. A start continues where the one before stopped, except that while no more
    than two items were ever read it begins with those again; Keras does the same with a generator.

    A start after the end is refused, where Keras would train on the first two batches again and again. A peek may
    reach the end as well, of one item or two. So the end of so few counts only after `start`; before, they are all
    there is, and reading them again is right.
    """

    REMEMBERED = 2

    def __init__(self, iterator: Iterator[T]) -> None:
        self._iterator = iterator
        self._first: list[T] = []
        self._read = 0
        self._started = False
        self._ended = False

    def start(self) -> None:
        """Stop treating new iterations as peeks."""
        self._started = True

    def __iter__(self) -> Iterator[T]:
        if self._ended:
            raise InputError(
                "The data is a generator or iterator, which can be read only once, and it has ended. Pass a list, "
                "or an object that can be iterated over again; or let it go on and pass steps_per_epoch "
                "(validation_steps for validation data)."
            )
        if self._read <= self.REMEMBERED:
            yield from self._first
        for item in self._iterator:  # not `yield from`: that would close the iterator together with this generator
            self._read += 1
            if self._read <= self.REMEMBERED:
                self._first.append(item)
            yield item
        self._ended = self._started or self._read > self.REMEMBERED


def is_stream(x: object) -> bool:
    """Return whether x is read element by element, rather than columns that are in memory."""
    if isinstance(x, keras.utils.PyDataset):
        return True
    in_memory = isinstance(x, Sequence | Mapping | np.ndarray | str | bytes) or hasattr(x, "shape")
    return isinstance(x, Iterable) and not in_memory and not hasattr(x, "to_numpy")


def checked_size(batch_size: int | None) -> int:
    """Return a batch size, 32 for `None`.

    Raises:
        InputError: It is not positive.
    """
    size = BATCH_SIZE if batch_size is None else batch_size
    if size < 1:
        raise InputError(f"batch_size is {batch_size}. Pass at least 1.")
    return size


def joined_callbacks(callbacks: Any, *own: keras.callbacks.Callback) -> list[Any]:
    """Return the user's callbacks, in any form that Keras takes, together with `own`.

    A `CallbackList` becomes a list of its members: Keras then tells all of them of the model and of the loop, where it
    takes a list that somebody else made for finished, and it keeps their history and their progress bar.
    """
    if type(callbacks) is keras.callbacks.CallbackList:
        callbacks = callbacks.callbacks
    return [*keras.tree.flatten(callbacks if callbacks is not None else []), *own]
