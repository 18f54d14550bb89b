"""Texts of any number -> batches to predict, window by window: the order is free within a window, so batches are full.

While a window is predicted, the next one is tokenised.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Self

import attrs
import keras
import numpy as np

from modelry.data.adapter import Source
from modelry.data.ahead import map_ahead
from modelry.data.buckets import plan_padded
from modelry.data.features import CalledPreprocessor
from modelry.data.replay import Once
from modelry.data.sharing import plan_predictions
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from modelry.data.adapter import BatchData
    from modelry.data.buckets import Batch
    from modelry.data.columns import Columns
    from modelry.data.packed import Packer
    from modelry.data.rows import TokenizedTexts
    from modelry.data.shared_rows import Ints, SharedRows

WINDOW = 8192  # texts: enough to fill rows well, few enough to begin soon


@attrs.frozen(eq=False)
class Window:
    """Some of the texts, tokenised and put into batches.

    Attributes:
        packed: n tokenised texts.
        batches: the batches that hold each of them.
    """

    packed: TokenizedTexts
    batches: list[Batch] | list[SharedRows]


@attrs.frozen
class WindowPlanner:
    """Tokenises the texts of a window and puts them into batches.

    Attributes:
        packer: the preprocessor.
        batch_size: texts per batch; rows of 64 tokens where texts share rows.
        shares_rows: whether the model takes rows that several texts share.
    """

    packer: Packer
    batch_size: int
    shares_rows: bool

    def __call__(self, columns: Columns) -> Window:
        """Return the window of one column of texts, or two."""
        packer, size = self.packer, self.batch_size
        packed = packer.tokenize(columns)
        if len(packed) != len(columns[0]):
            raise InputError(f"The preprocessor packed {len(columns[0])} texts into {len(packed)} rows.")
        if self.shares_rows and packer.padding == "bucket" and len(packed) > 1:
            return Window(packed, plan_predictions(packed.lengths, size, packer.sequence_length))
        # A text alone has nothing to share a row with, and is fastest in the shortest bucket.
        return Window(packed, [batch.filled(size) for batch in plan_padded(packer, packed, size)])


class Predictions(Source):
    """The batches of texts to predict.

    Args:
        windows: returns the texts, as columns of a window's length; or the windows themselves.
        planner: makes windows of columns.
        num_texts: how many texts there are, if that is known.
        once: whether the texts can be read only once.

    Attributes:
        num_texts: as above.
        texts_done: the number of texts in the batches so far.
        last_batch: the number of the last batch from 0, once the one before it has been read; None before.
    """

    def __init__(
        self,
        windows: Callable[[], Iterable[Columns | Window]],
        planner: WindowPlanner,
        num_texts: int | None = None,
        once: bool = False,
    ) -> None:
        self.ragged = not isinstance(planner.packer, CalledPreprocessor)
        self.num_texts = num_texts
        self.texts_done = 0
        self.last_batch: int | None = None
        self._windows = windows
        self._planner = planner
        self._once = Once(self._features()) if once else None
        self._places: list[Ints] = []

    @property
    def num_batches(self) -> None:
        """Unknown before the last window is planned."""

    def batches(self) -> Iterator[BatchData]:
        """Yield `(features,)`."""
        self._places, self.texts_done, self.last_batch = [], 0, None
        batches = iter(self._once or self._features())
        following = next(batches, None)
        while following is not None:
            (features, places), following = following, next(batches, None)
            if following is None:
                self.last_batch = len(self._places)
            self._places.append(places)
            self.texts_done += len(np.unique(places[places >= 0]))
            yield (features,)

    def look(self, count: int) -> list[BatchData]:
        """Return the first batches. Unlike `batches`, it reads no further than it was asked to."""
        return [(features,) for features, _ in itertools.islice(self._once or self._features(), count)]

    def restore(self, outputs: Any) -> Any:
        """Put predictions, a structure of arrays `(m, …)`, into the order of the texts, `(n, …)`."""
        places = np.concatenate(self._places)[: len(keras.tree.flatten(outputs)[0])]  # a callback may have stopped it
        texts, at = np.unique(places, return_index=True)
        at = at[texts >= 0]
        return keras.tree.map_structure(lambda output: output[at], outputs)

    def each(self) -> Iterator[Self]:
        """Yield the predictions of one window after the other."""
        for window in self._planned():
            yield type(self)(lambda window=window: [window], self._planner, len(window.packed))  # type: ignore[misc]

    def _planned(self) -> Iterator[Window]:
        return map_ahead(lambda part: part if isinstance(part, Window) else self._planner(part), self._windows())

    def _features(self) -> Iterator[tuple[Any, Ints]]:
        before = 0
        for window in self._planned():
            for batch in window.batches:
                places = batch.places
                yield batch.features(self._planner.packer, window.packed), np.where(places < 0, -1, before + places)
            before += len(window.packed)
        if not before:
            raise InputError("The data is empty: it ended before its first batch.")


def sliced(columns: Columns, size: int) -> Iterator[Columns]:
    """Yield windows of columns in memory."""
    for start in range(0, len(columns[0]), size):
        yield tuple(column[start : start + size] for column in columns)


def gathered(batches: Iterable[Columns], size: int) -> Iterator[Columns]:
    """Yield windows of at least `size` texts, of the columns of one batch after the other."""
    waiting: list[Columns] = []
    kind: int | None = None  # 1 for single texts, 2 for pairs
    for columns in batches:
        kind = kind or len(columns)
        if len(columns) != kind:
            raise InputError("The stream yields single texts and sentence pairs. Yield one kind.")
        waiting.append(columns)
        if sum(len(columns[0]) for columns in waiting) >= size:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(batches: list[Columns]) -> Columns:
    return tuple(list(itertools.chain.from_iterable(column)) for column in zip(*batches, strict=True))
