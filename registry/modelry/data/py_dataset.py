"""The batches of a `keras.utils.PyDataset`, made by as many threads as it asks for."""

from __future__ import annotations

import itertools
import random
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def read_dataset(dataset: Any, shuffle: bool) -> Iterator[Any]:
    """Yield the batches of one epoch, in the order of their indices or shuffled.

    Keras would start processes for `use_multiprocessing`; threads make the same batches, and here what costs most
    (tokenising) is done by us. An infinite dataset is never shuffled.

    Args:
        dataset: the PyDataset.
        shuffle: whether to draw an order, from Python's `random` as Keras does.
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
    finally:  # the reader may have stopped early, and batches it will not read need not be waited for
        pool.shutdown(wait=False, cancel_futures=True)
