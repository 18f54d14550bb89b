"""Data for Keras' `predict`: batches planned window by window, and outputs put back into the order of the examples.

The order is free within a window, so batches are full. While a window is predicted, the next one is tokenized.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import keras
import numpy as np

from modelry._prefetch import prefetch
from modelry.data.adapter import PeekableIterator, Source, checked_size, is_stream, joined_callbacks
from modelry.data.buckets import plan_padded
from modelry.data.packing import plan_predictions
from modelry.data.rows import Inputs, RowPreprocessor, is_bucketed, joined, joined_inputs, read_columns, tokenized
from modelry.data.streams import stream_columns
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from modelry.data.adapter import BatchData
    from modelry.data.rows import Columns, Ints, RowLayout
    from modelry.data.spec import DataSpec

WINDOW = 8192  # examples: enough to fill rows well, few enough to begin soon


def as_predictions(
    x: Any, spec: DataSpec, *, batch_size: int | None = None, steps: int | None = None, window: int | None = None
) -> Predictions:
    """Return the x for Keras' predict. Labels that a stream brings are left out.

    Args:
        x: Examples in memory, as `spec.reader` takes them; or a stream of them (see `streams.py`); or predictions,
            which are returned as they are.
        spec: The task's description of its data.
        batch_size: Examples per batch, 32 by default; rows of 64 tokens in packed batches.
        steps: Read only the first `steps * batch_size` examples in memory, or the first `steps` batches of a stream.
        window: The number of examples that are tokenized and put into batches together; `None` for 8,192, or eight
            batches of inputs without tokens, which may be large and have no lengths to plan by.

    Raises:
        InputError: An example is missing or wrong; the message names it.
    """
    if isinstance(x, Predictions):
        return x
    size = checked_size(batch_size)
    together = window or (WINDOW if isinstance(spec.preprocessor, RowPreprocessor) else 8 * size)
    if is_stream(x):
        return Predictions(
            lambda: gathered(itertools.islice(stream_columns(x, spec, size), steps), together),
            spec,
            batch_size=size,
            once=isinstance(x, Iterator),
        )
    columns = read_columns(spec.reader, x)
    if steps is not None:
        columns = tuple(column[: steps * size] for column in columns)
    return Predictions(lambda: sliced(columns, together), spec, batch_size=size, num_examples=len(columns[0]))


@attrs.frozen(eq=False)
class Window:
    """Some of the examples, tokenized and put into batches.

    Attributes:
        inputs: n examples.
        batches: The batches that hold each of them.
    """

    inputs: Inputs
    batches: Sequence[RowLayout]


@attrs.frozen(eq=False)
class Placed:
    """The places of one batch's outputs.

    Attributes:
        indices: `(m,)` int64, the examples; -1 for an output without one.
        starts: `(m,)` int64, the first output of each example.
        stops: `(m,)` int64, the output after its last one.
        size: The number of outputs.
    """

    indices: Ints
    starts: Ints
    stops: Ints
    size: int


class Predictions(Source):
    """The batches of examples to predict.

    Args:
        windows: Returns the examples, as columns of a window's length; or the windows themselves.
        spec: The task's description of its data.
        batch_size: Examples per batch; rows of 64 tokens in packed batches.
        num_examples: The number of examples, if it is known.
        once: Whether the examples can be read only once.

    Attributes:
        num_examples: As above.
        examples_done: The number of examples in the batches so far.
        last_batch: The number of the last batch from 0, once the one before it has been read; `None` before.
    """

    def __init__(
        self,
        windows: Callable[[], Iterable[Columns | Window]],
        spec: DataSpec,
        *,
        batch_size: int,
        num_examples: int | None = None,
        once: bool = False,
    ) -> None:
        super().__init__(spec)
        self.num_examples = num_examples
        self.examples_done = 0
        self.last_batch: int | None = None
        self._windows = windows
        self._batch_size = batch_size
        self._keeps_inputs = spec.offsets or spec.outputs == "token"
        self._kept: list[Inputs] = []
        self._placed: list[Placed] = []
        self._once = PeekableIterator(self._features()) if once else None

    @property
    def num_batches(self) -> None:
        """Unknown before the last window is planned."""

    def batches(self) -> Iterator[BatchData]:
        """Yield `(features,)`."""
        self._placed, self.examples_done, self.last_batch = [], 0, None
        batches = iter(self._once or self._features())
        following = next(batches, None)
        while following is not None:
            (features, placed), following = following, next(batches, None)
            if following is None:
                self.last_batch = len(self._placed)
            self._placed.append(placed)
            self.examples_done += len(np.unique(placed.indices[placed.indices >= 0]))
            yield (features,)

    def peek(self, count: int) -> list[BatchData]:
        """Return the first batches. Unlike `batches`, it reads no further than it was asked to."""
        return [(features,) for features, _ in itertools.islice(self._once or self._features(), count)]

    def restore(self, outputs: Any, postprocess: Callable[[Any, Inputs | None], Any] | None = None) -> Any:
        """Put predictions into the order of the examples.

        Args:
            outputs: A structure of arrays `(m, …)` that Keras' predict returned; fewer if a callback stopped it.
            postprocess: Called with the result and the examples; its result is returned. The examples are `None` unless
                `spec.outputs` is "token" or `spec.offsets` is set: a stream would have to be kept in memory.

        Returns:
            The structure with an array `(n, …)` in the place of each array; or, with one output per token, a list of
            n arrays `(length_i, …)`.
        """
        count = len(keras.tree.flatten(outputs)[0])
        indices, restored = self._per_token(count) if self.spec.outputs == "token" else self._per_example(count)
        outputs = keras.tree.map_structure(restored, outputs)
        if postprocess is None:
            return outputs
        return postprocess(outputs, joined_inputs(self._kept).take(indices) if self._keeps_inputs else None)

    def each(self) -> Iterator[Predictions]:
        """Yield the predictions of one window after the other."""
        for window in self._planned():
            yield Predictions(
                lambda window=window: [window],  # type: ignore[misc]
                self.spec,
                batch_size=self._batch_size,
                num_examples=len(window.inputs),
            )

    def _per_example(self, count: int) -> tuple[Ints, Callable[[Any], Any]]:
        """Return the examples that have outputs, and a function that puts the outputs into their order."""
        indices = np.concatenate([placed.indices for placed in self._placed])[:count]
        found, at = np.unique(indices, return_index=True)
        return found[found >= 0], lambda output: output[at[found >= 0]]

    def _per_token(self, count: int) -> tuple[Ints, Callable[[Any], Any]]:
        """Return the same for outputs per token."""
        spans: dict[int, slice] = {}
        before = 0
        for placed in self._placed:
            if before + placed.size > count:
                break
            for index, start, stop in zip(placed.indices, placed.starts, placed.stops, strict=True):
                spans.setdefault(int(index), slice(before + start, before + stop))
            before += placed.size
        found = np.array(sorted(spans), np.int64)
        return found, lambda output: [output[spans[index]] for index in found.tolist()]

    def _planned(self) -> Iterator[Window]:
        return prefetch(lambda part: part if isinstance(part, Window) else self._plan(part), self._windows())

    def _plan(self, columns: Columns) -> Window:
        """Tokenize the examples of a window, and put them into batches."""
        spec, size = self.spec, self._batch_size
        inputs = tokenized(spec.preprocessor, Inputs(columns, None, self.noun), spec.offsets)
        rows = inputs.rows
        if rows is None and spec.outputs == "token":
            raise InputError("This task has outputs per token, so its preprocessor must have tokenize and pad.")
        if rows is not None and len(rows) > 1 and spec.supports_packing and is_bucketed(spec.preprocessor):
            return Window(inputs, plan_predictions(rows.lengths, size, spec.preprocessor.sequence_length))
        # A text alone has nothing to share a row with, and is fastest in the shortest bucket.
        return Window(inputs, [batch.filled(size) for batch in plan_padded(spec.preprocessor, inputs, size)])

    def _features(self) -> Iterator[tuple[Any, Placed]]:
        before = 0
        self._kept = []
        for window in self._planned():
            inputs = window.inputs
            if self._keeps_inputs:
                self._kept.append(inputs)
            lengths = inputs.rows.lengths if inputs.rows is not None and self.spec.outputs == "token" else None
            for batch in window.batches:
                yield batch.features(self.spec.preprocessor, inputs), _place(batch, before, lengths)
            before += len(inputs)
        if not before:
            raise InputError("The data is empty: it ended before its first batch.")


def _place(batch: RowLayout, before: int, lengths: Ints | None) -> Placed:
    """Return the places of a batch's outputs.

    Args:
        batch: The batch.
        before: The number of examples in the windows before.
        lengths: Tokens per example of the window; `None` with one output per example.
    """
    if lengths is None:
        indices, size = batch.output_indices, len(batch.output_indices)
        starts = np.arange(size)
        return Placed(np.where(indices < 0, -1, before + indices), starts, starts + 1, size)
    starts = batch.token_starts
    return Placed(before + batch.indices, starts, starts + lengths[batch.indices], batch.num_rows * batch.length)


def sliced(columns: Columns, size: int) -> Iterator[Columns]:
    """Yield windows of columns in memory."""
    for start in range(0, len(columns[0]), size):
        yield tuple(column[start : start + size] for column in columns)


def gathered(batches: Iterable[Columns], size: int) -> Iterator[Columns]:
    """Yield windows of at least `size` examples, of the columns of one batch after the other."""
    waiting: list[Columns] = []
    kind: int | None = None  # 1 for single texts, 2 for pairs
    for columns in batches:
        kind = kind or len(columns)
        if len(columns) != kind:
            raise InputError(
                f"The stream yields examples of {kind} and of {len(columns)} columns, such as single texts and "
                "sentence pairs. Yield one kind."
            )
        waiting.append(columns)
        if sum(len(columns[0]) for columns in waiting) >= size:
            yield joined(waiting)
            waiting = []
    if waiting:
        yield joined(waiting)


class PredictionProgress(keras.callbacks.Callback):
    """Shows a progress bar of examples, where Keras' own counts batches, and ends the loop after the last batch.

    Keras warns that data "ran out" if it has to find the end of a source of unknown length by itself.

    Args:
        source: The examples that are predicted.
        verbose: 0 for nothing, 1 for a bar, 2 for a line at the end.
    """

    def __init__(self, source: Predictions, verbose: int) -> None:
        super().__init__()
        self._source = source
        self._verbose = verbose
        self._outputs: Any = None
        self._done = 0

    def on_predict_begin(self, logs: Any = None) -> None:
        """Start the clock."""
        self._bar = keras.utils.Progbar(
            self._source.num_examples,
            verbose=self._verbose,
            unit_name=self._source.noun,
            stateful_metrics=[f"{self._source.noun}s/s"],
        )
        self._started = time.perf_counter()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Show what is finished: the batch before this one, which a device may still be at work on."""
        self._show()
        self._outputs, self._done = (logs or {}).get("outputs"), self._source.examples_done
        if self._source.last_batch is not None and batch >= self._source.last_batch:
            self.model.stop_predicting = True

    def on_predict_end(self, logs: Any = None) -> None:
        """Show the last batch."""
        self._show(last=True)

    def _show(self, last: bool = False) -> None:
        if not self._verbose or not self._done:
            return
        for output in keras.tree.flatten(self._outputs):
            keras.ops.convert_to_numpy(output)  # waits for it
        rate = self._done / (time.perf_counter() - self._started)
        if last and self._bar.target is None:  # known by now, and Keras prints no last line without it
            self._bar.target = self._done
        self._bar.update(self._done, [(f"{self._source.noun}s/s", round(rate, 1))], finalize=last)


def progress_callbacks(source: Predictions, verbose: Any, callbacks: Any) -> list[Any]:
    """Return the user's callbacks together with a progress bar of texts; `verbose` is that of `predict`."""
    return joined_callbacks(callbacks, PredictionProgress(source, 1 if verbose == "auto" else int(verbose)))
