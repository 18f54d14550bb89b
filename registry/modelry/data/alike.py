"""Which texts are predicted together where any shape will do, because nothing is compiled for it: on PyTorch.

Texts that share rows cost attention across the whole row, so where shapes are free, batches of texts that are almost
equally long are faster, and have hardly more padding.
"""

from __future__ import annotations

import numpy as np

from modelry.data.buckets import Batch, Ints, check_plan

TOKENS = 64  # per batch, for each text of the batch size: as where texts share rows
PADDING = 128  # tokens of it that a batch may have: what beginning another one costs a model of middling size


def plan_alike(lengths: Ints, batch_size: int, sequence_length: int) -> list[Batch]:
    """Put texts into batches by length, the longest first, each batch as long as its longest text.

    A batch ends where it is full, or where the next text would bring more padding than another batch costs.

    Args:
        lengths: tokens per text, `(n,)`.
        batch_size: texts of 64 tokens per batch; of shorter ones there are more in it, of longer ones fewer.
        sequence_length: the longest a text may be.

    Returns:
        The batches, the longest first: memory that does not suffice shows in the first second.
    """
    check_plan(lengths, batch_size, sequence_length)
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        texts = order[start : start + max(1, TOKENS * batch_size // longest)]
        padding = np.cumsum(longest - lengths[texts])
        texts = texts[: max(1, int(np.searchsorted(padding, PADDING, side="right")))]
        batches.append(Batch(texts, longest))
        start += len(texts)
    return batches
