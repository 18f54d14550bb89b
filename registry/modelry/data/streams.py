"""Streams of data: generators, PyDatasets, DataLoaders, tf.data, any iterable; of batches or of single examples.

Examples keep the order in which they come. A batch is tokenized while the one before it is trained on.

A tuple is always `(x,)`, `(x, y)` or `(x, y, sample_weight)`, as everywhere in Keras; a list that holds anything but
strings is such a tuple too, because torch's DataLoader makes lists of them. So examples with several parts are a dict,
or stand inside: `((first, second), y)`. The reader of x tells an example from a batch; where x may be either, such as a
tuple of two strings, the label decides, and where it does not, the element is refused.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import keras
import numpy as np

from modelry._prefetch import prefetch
from modelry.data.adapter import PeekableIterator, Source
from modelry.data.columns import describe, is_string, rank, to_array
from modelry.data.packing import single_batch
from modelry.data.rows import Inputs, read_columns
from modelry.data.spec import read_examples
from modelry.errors import InputError

if TYPE_CHECKING:
    from modelry.data.adapter import BatchData
    from modelry.data.rows import Columns
    from modelry.data.spec import DataSpec

T = TypeVar("T")


class StreamSource(Source):
    """The batches of a stream.

    Args:
        stream: An iterable of batches or of single examples, `x`, `(x, y)` or `(x, y, sample_weight)` each.
        spec: The task's description of its data.
        batch_size: The number of single examples that make a batch; batches stay as they are.
        class_weight: A weight per class.
        shuffle: Run the batches of a PyDataset in random order; no other stream can be shuffled.
    """

    def __init__(
        self,
        stream: Any,
        spec: DataSpec,
        *,
        batch_size: int,
        class_weight: Mapping[Any, float] | None = None,
        shuffle: bool = False,
    ) -> None:
        super().__init__(spec)
        if class_weight is not None:
            spec.targets.check_class_weight(class_weight)
        self._stream = stream
        self._batch_size = batch_size
        self._class_weight = class_weight
        self._shuffle = shuffle
        self._peekable = PeekableIterator(self._read(stream)) if isinstance(stream, Iterator) else None
        self._num_batches = self._count()

    def batches(self) -> Iterator[BatchData]:
        """Yield the batches of one epoch: `(features,)`, `(features, y)` or `(features, y, sample_weight)`."""
        if self._peekable is not None:
            return iter(self._peekable)
        if isinstance(self._stream, keras.utils.PyDataset):
            return self._read(read_dataset(self._stream, self._shuffle))
        return self._read(self._stream)

    @property
    def num_batches(self) -> int | None:
        """The number of batches of an epoch; `None` if the stream does not know it."""
        return self._num_batches

    def begin_epoch(self, epoch: int) -> None:
        """Mark the start of training: earlier reads of an iterator were only peeks."""
        if self._peekable is not None:
            self._peekable.start()

    def on_epoch_begin(self) -> None:
        """Notify a PyDataset."""
        if isinstance(self._stream, keras.utils.PyDataset):
            self._stream.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Notify a PyDataset, which may change its batches and their number."""
        if isinstance(self._stream, keras.utils.PyDataset):
            self._stream.on_epoch_end()
            self._num_batches = self._stream.num_batches

    def _count(self) -> int | None:
        """Find the number of batches; peek at an element if that decides and can be done."""
        stream = self._stream
        if isinstance(stream, Iterator):  # a peek would use up its first element, and its length may count anything
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
        return math.ceil(size / self._batch_size) if is_example(element, self.spec) else size

    def _read(self, elements: Iterable[Any]) -> Iterator[BatchData]:
        batches = enumerate(batched(self._stream, elements, self.spec, self._batch_size))
        return prefetch(self._batch, _not_empty(batches))

    def _batch(self, numbered: tuple[int, Element]) -> BatchData:
        number, element = numbered
        with _naming(number):
            if element.y is None and self.spec.targets.required:
                raise InputError("It has no labels. Yield (x, y) or (x, y, sample_weight).")
            columns = read_columns(self.spec.reader, element.x)
            examples = read_examples(self.spec, columns, element.y, element.sample_weight, self._class_weight)
            preprocessor = self.spec.preprocessor
            return examples.batch(self.spec, single_batch(preprocessor, examples.inputs, self.spec.supports_packing))


def stream_columns(stream: Any, spec: DataSpec, batch_size: int) -> Iterator[Columns]:
    """Yield the columns of each batch of a stream, without its labels.

    Args:
        stream: An iterable of batches or of single examples, with or without labels.
        spec: The task's description of its data.
        batch_size: The number of single examples that make a batch; batches stay as they are.
    """
    elements = read_dataset(stream, shuffle=False) if isinstance(stream, keras.utils.PyDataset) else stream
    for number, element in enumerate(batched(stream, elements, spec, batch_size)):
        with _naming(number):
            columns = read_columns(spec.reader, element.x)
            if element.y is not None:
                _check_unused(element.y, spec, columns)
            yield columns


@attrs.frozen(eq=False)
class Element:
    """A batch of examples, or one, as a stream yielded it.

    Attributes:
        x: Examples as the task's reader takes them; or of one example a string, an array, a tuple or a dict of these.
        y: The label or labels, or `None`.
        sample_weight: The weight or weights, or `None`.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None


def as_element(value: Any, *, collated: bool = False) -> Element:
    """Take apart a value that a stream yielded.

    Args:
        value: `x`, or a tuple or list of x, y and weight.
        collated: Whether torch's `default_collate` made it, which turns (first, second) tuples into a list of columns,
            and a column of strings into a tuple.

    Raises:
        InputError: It is a tuple of another length, or a list of (first, second) tuples.
    """
    if isinstance(value, list) and not all(map(is_string, value)):
        if not collated and all(map(_two_strings, value)):
            raise InputError(
                f"The stream yielded a list of {len(value)} tuples of two strings, which may be pairs, or texts and "
                'labels. Yield pairs as {"text": firsts, "text_pair": seconds}, and texts with labels as a tuple: '
                "(texts, labels)."
            )
        value = tuple(value)
    if not isinstance(value, tuple):
        return Element(value)
    if not 1 <= len(value) <= 3:
        raise InputError(
            f"The stream yielded a tuple of {len(value)} items. Yield x in a form that is not a tuple, such as a list "
            "of texts; or (x,), (x, y), or (x, y, sample_weight)."
        )
    element = Element(*value)
    if not collated:
        return element
    x, y = element.x, element.y
    if isinstance(x, list) and not all(map(is_string, x)):
        x = tuple(x)
    elif isinstance(x, tuple) and all(map(is_string, x)):
        x = list(x)
    return attrs.evolve(element, x=x, y=tuple(y) if isinstance(y, list) and not all(map(is_string, y)) else y)


def is_example(element: Element, spec: DataSpec) -> bool:
    """Return whether an element is a single example rather than a batch.

    Args:
        element: The element; its parts may also be specifications with a `shape`, such as those of a `tf.data.Dataset`.
        spec: The task's description of its data.

    Raises:
        InputError: Neither x nor y tells.
    """
    x = element.x
    found = spec.reader.is_example(x)
    if found is None:
        found = spec.targets.is_example(element.y)
    if found is not None:
        return found
    if _two_strings(x):
        raise InputError(
            f"The stream yielded x as {x!r}, and its label does not tell whether this is one pair or two texts. "
            f'Yield a pair as {{"text": {x[0]!r}, "text_pair": {x[1]!r}}}, and two texts as a list: {list(x)!r}.'
        )
    raise InputError(
        f"The stream yielded x {describe(x)}, and its label does not tell whether this is one {spec.reader.noun} or a "
        "batch. Yield labels with it, in batches."
    )


def batched(stream: Any, elements: Iterable[Any], spec: DataSpec, batch_size: int) -> Iterator[Element]:
    """Yield the batches of a stream as they are, and single examples in groups of `batch_size`."""
    collate = getattr(stream, "collate_fn", None)
    collated = getattr(collate, "__name__", "") == "default_collate"
    iterator = (as_element(value, collated=collated) for value in elements)
    for first in iterator:
        examples = is_example(first, spec)
        break
    else:
        return

    def checked() -> Iterator[Element]:
        for element in itertools.chain([first], iterator):
            if is_example(element, spec) != examples:
                kinds = ("single examples", "batches") if examples else ("batches", "single examples")
                raise InputError(
                    f"The data began with {kinds[0]}, but x is {describe(element.x)}. Do not mix in {kinds[1]}."
                )
            yield element

    if not examples:
        yield from checked()
        return
    everything = checked()
    while group := list(itertools.islice(everything, batch_size)):
        yield stack(group)


def stack(examples: list[Element]) -> Element:
    """Make one batch of single examples."""
    first = examples[0].x
    if isinstance(first, Mapping):
        x: Any = {name: _stacked([example.x[name] for example in examples], "x") for name in first}
    elif isinstance(first, tuple):
        x = tuple(_stacked(list(parts), "x") for parts in zip(*(example.x for example in examples), strict=True))
    else:
        x = _stacked([example.x for example in examples], "x")
    return Element(
        x,
        _stacked([example.y for example in examples], "y"),
        _stacked([example.sample_weight for example in examples], "sample_weight"),
    )


def _stacked(values: list[Any], name: str) -> Any:
    """Return one column: an array of numbers if all have one shape, else a list."""
    missing = [value is None for value in values]
    if name != "x" and any(missing):
        if all(missing):
            return None
        raise InputError(f"The stream yielded {name} with some examples and not with others. Yield all or none.")
    ranks = {rank(value) for value in values}
    if ranks == {0}:  # bytes of a string tensor stay strings this way
        return [value if is_string(value) or value is None else to_array(value, name).item() for value in values]
    if 0 in ranks:
        raise InputError(f"The stream yielded {name} of different shapes: {', '.join(map(describe, values[:3]))}.")
    arrays = [_numbers(value, name) for value in values]
    if any(array is None for array in arrays):
        return values
    return np.stack(arrays) if len({np.shape(array) for array in arrays}) == 1 else arrays


def _numbers(value: Any, name: str) -> Any:
    """Return one example's value as an array; `None` if it is empty, or holds anything but numbers."""
    if isinstance(value, set | frozenset) or not len(value):
        return None
    try:
        array = to_array(value, name)
    except InputError:  # lists of different lengths
        return None
    return array if array.dtype.kind in "biuf" else None


def read_dataset(dataset: Any, shuffle: bool) -> Iterator[Any]:
    """Yield the batches of one epoch of a PyDataset, in the order of their indices or shuffled.

    Keras would start processes for `use_multiprocessing`. Threads make the same batches, and the costly part
    (tokenizing) is ours. An infinite dataset is never shuffled.

    Args:
        dataset: The PyDataset; `workers` is the number of threads.
        shuffle: Whether to draw an order, from Python's `random` as Keras does.
    """
    count = dataset.num_batches
    indices: Iterable[int] = itertools.count() if count is None else range(count)
    if shuffle and count is not None:
        indices = random.sample(range(count), count)
    if dataset.workers <= 1:
        yield from map(dataset.__getitem__, indices)
        return
    pool = ThreadPoolExecutor(dataset.workers)
    pending: deque[Future[Any]] = deque()
    try:
        for index in indices:
            pending.append(pool.submit(dataset.__getitem__, index))
            if len(pending) > max(dataset.workers, dataset.max_queue_size):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:  # the reader may have stopped early, and batches that stay unread need no waiting
        pool.shutdown(wait=False, cancel_futures=True)


def _two_strings(x: Any) -> bool:
    return isinstance(x, tuple) and len(x) == 2 and all(map(is_string, x))


def _not_empty(items: Iterable[T]) -> Iterator[T]:
    """Yield the items; refuse a stream without any."""
    empty = True
    for item in items:
        empty = False
        yield item
    if empty:
        raise InputError("The data is empty: it ended before its first batch.")


@contextlib.contextmanager
def _naming(number: int) -> Iterator[None]:
    """Name the batch in errors."""
    try:
        yield
    except InputError as error:
        raise InputError(f"In batch {number} of the data: {error}") from error


def _check_unused(y: Any, spec: DataSpec, columns: Columns) -> None:
    """Refuse values in the place of labels that cannot be labels: most likely the second texts of sentence pairs."""
    try:
        spec.targets.check_unused(y, Inputs(columns, None, spec.reader.noun))
    except InputError as error:
        raise InputError(
            f"{error} A tuple in a stream is always (x, y); if these are inputs too, yield them inside x, such as "
            '{"text": …, "text_pair": …}.'
        ) from error
