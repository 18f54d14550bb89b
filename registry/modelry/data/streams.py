"""Data that is not in memory -> batches for Keras: generators, PyDatasets, DataLoaders, tf.data, any iterable.

Texts keep the order in which they come. A batch is tokenised while the one before it is trained on.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import keras
import numpy as np

from modelry._prefetch import prefetch
from modelry.data.adapter import Source
from modelry.data.class_names import holds_names
from modelry.data.columns import as_columns
from modelry.data.elements import Element, as_element, check_kind, is_example, stack
from modelry.data.features import CalledPreprocessor, encode
from modelry.data.py_dataset import read_dataset
from modelry.data.replay import Once
from modelry.data.targets import as_targets
from modelry.data.weights import as_weights, check_class_weight
from modelry.errors import InputError

if TYPE_CHECKING:
    from modelry.data.adapter import BatchData
    from modelry.data.columns import Columns
    from modelry.data.packed import Packer
    from modelry.data.targets import TargetSpec
    from modelry.data.weights import ClassWeight


T = TypeVar("T")


def is_stream(x: object) -> bool:
    """Whether x is read element by element, rather than a column or columns of texts that are all there."""
    if isinstance(x, keras.utils.PyDataset):
        return True
    in_memory = isinstance(x, Sequence | Mapping | np.ndarray | str | bytes) or hasattr(x, "shape")
    return isinstance(x, Iterable) and not in_memory and not hasattr(x, "to_numpy")


class TextStream(Source):
    """The batches of a stream.

    Args:
        stream: an iterable of batches or of single examples, `x`, `(x, y)` or `(x, y, sample_weight)` each.
        spec: what the labels may be.
        packer: the preprocessor.
        batch_size: how many single examples make a batch; batches stay as they are.
        class_weight: a weight per class.
        shuffle: run the batches of a PyDataset in random order; no other stream can be shuffled.
        shares_rows: whether the model takes rows that several texts share.
    """

    def __init__(
        self,
        stream: Any,
        spec: TargetSpec,
        *,
        packer: Packer,
        batch_size: int,
        class_weight: ClassWeight | None = None,
        shuffle: bool = False,
        shares_rows: bool = False,
    ) -> None:
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}. Pass at least 1.")
        if class_weight is not None:
            check_class_weight(class_weight, spec)
        self._stream = stream
        self._spec = spec
        self.ragged = not isinstance(packer, CalledPreprocessor)
        self._packer = packer
        self._batch_size = batch_size
        self._class_weight = class_weight
        self._shuffle = shuffle
        self._shares_rows = shares_rows
        self._once = Once(self._read(stream)) if isinstance(stream, Iterator) else None
        self._num_batches = self._count()

    def batches(self) -> Iterator[BatchData]:
        """Yield the batches of one epoch, as `(features, y)` or `(features, y, sample_weight)`."""
        if self._once is not None:
            return iter(self._once)
        if isinstance(self._stream, keras.utils.PyDataset):
            return self._read(read_dataset(self._stream, self._shuffle))
        return self._read(self._stream)

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has, or None when the stream does not say."""
        return self._num_batches

    def begin_epoch(self, epoch: int) -> None:
        """Tell an iterator that what is read from now on is trained on, and no look at it."""
        if self._once is not None:
            self._once.begin()

    def on_epoch_begin(self) -> None:
        """Tell a PyDataset."""
        if isinstance(self._stream, keras.utils.PyDataset):
            self._stream.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Tell a PyDataset, which may change its batches and their number."""
        if isinstance(self._stream, keras.utils.PyDataset):
            self._stream.on_epoch_end()
            self._num_batches = self._stream.num_batches

    def _count(self) -> int | None:
        """Find the number of batches, looking at an element where it decides and can be looked at."""
        stream = self._stream
        if isinstance(stream, Iterator):  # a look would use up its first element, and what its length counts is unsaid
            return None
        if isinstance(stream, keras.utils.PyDataset):
            count: int | None = stream.num_batches
            return count
        try:
            size = len(stream)
        except TypeError:  # it has no length, or (tf.data) does not know it
            return None
        if getattr(stream, "batch_size", None) is not None:  # torch's DataLoader: iterating may start processes
            return size
        if size == 0:
            raise InputError("The data is empty: it has no batches.")
        element = as_element(stream.element_spec if hasattr(stream, "element_spec") else next(iter(stream)))
        return math.ceil(size / self._batch_size) if is_example(element, self._spec) else size

    def _read(self, elements: Iterable[Any]) -> Iterator[BatchData]:
        batches = enumerate(batched(self._stream, elements, self._spec, self._batch_size))
        return prefetch(self._encode, _not_empty(batches))

    def _encode(self, numbered: tuple[int, Element]) -> BatchData:
        number, element = numbered
        with _naming(number):
            if element.y is None:
                raise InputError("It has no labels. Yield (x, y) or (x, y, sample_weight).")
            columns = as_columns(element.x)
            targets = as_targets(element.y, self._spec, len(columns[0]))
            weights = as_weights(element.sample_weight, self._class_weight, targets, self._spec)
            features = encode(self._packer, columns, self._shares_rows)
            return (features, targets) if weights is None else (features, targets, weights)


def stream_columns(stream: Any, spec: TargetSpec, batch_size: int) -> Iterator[Columns]:
    """Yield the columns of each batch of a stream; labels are left out.

    Args:
        stream: an iterable of batches or of single examples, with or without labels.
        spec: what the labels may be.
        batch_size: how many single examples make a batch; batches stay as they are.
    """
    elements = read_dataset(stream, shuffle=False) if isinstance(stream, keras.utils.PyDataset) else stream
    for number, element in enumerate(batched(stream, elements, spec, batch_size)):
        with _naming(number):
            columns = as_columns(element.x)
            if element.y is not None and holds_names(element.y):
                _check_labels(element.y, spec, len(columns[0]))
            yield columns


def batched(stream: Any, elements: Iterable[Any], spec: TargetSpec, batch_size: int) -> Iterator[Element]:
    """Yield the batches of a stream as they are, and single examples in groups of `batch_size`."""
    collate = getattr(stream, "collate_fn", None)
    collated = getattr(collate, "__name__", "") == "default_collate"
    iterator = (as_element(value, collated=collated) for value in elements)
    for first in iterator:
        examples = is_example(first, spec)
        break
    else:
        return
    everything = itertools.chain([first], iterator)
    if not examples:
        for element in everything:
            check_kind(is_example(element, spec), examples, element)
            yield element
        return
    while group := list(itertools.islice(everything, batch_size)):
        for element in group:
            check_kind(is_example(element, spec), examples, element)
        yield stack(group)


def _not_empty(items: Iterable[T]) -> Iterator[T]:
    """Yield the items, of which there must be one."""
    empty = True
    for item in items:
        empty = False
        yield item
    if empty:
        raise InputError("The data is empty: it ended before its first batch.")


@contextlib.contextmanager
def _naming(number: int) -> Iterator[None]:
    """Say in which batch an error is."""
    try:
        yield
    except InputError as error:
        raise InputError(f"In batch {number} of the data: {error}") from error


def _check_labels(y: Any, spec: TargetSpec, rows: int) -> None:
    """Refuse strings in the place of labels that are none: most likely the second texts of sentence pairs."""
    try:
        as_targets(y, spec, rows)
    except InputError as error:
        raise InputError(
            f"{error} A tuple in a stream is always (x, y); if these are second segments, yield "
            '{"text": …, "text_pair": …} instead.'
        ) from error
