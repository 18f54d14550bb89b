"""Several texts behind one another in a row ("sequence packing"), for backbones that keep them apart.

Padding short texts to one length wastes most of a row. Texts that share rows fill them: one shape serves every mix of
lengths, so a compiling backend compiles once. A text's result is the same as alone, because no token sees another
text's tokens and positions start anew with each text.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import attrs
import numpy as np
import numpy.typing as npt

from modelry.data.buckets import growing_lengths
from modelry.data.rows import TokenizedTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.data.packed import Array, Packer

Ints = npt.NDArray[np.int64]

SHORTEST = 64  # tokens; shorter rows would save little attention and leave more gaps
GROWTH = 4  # from one length of row to the next

# What the model is told about the rows, beside its usual inputs. Keras weighs the loss of a batch by the first axis of
# the first input: the underscore sorts these two, which have one entry per text, before all others.
TEXT_LENGTHS = "_text_lengths"
TEXT_STARTS = "_text_starts"
POSITIONS = "positions"
TEXT_IDS = "text_ids"


@attrs.frozen(eq=False)
class SharedRows:
    """A batch of rows that texts share.

    Attributes:
        texts: `(n,)` int64 which texts of a data set.
        rows: `(n,)` int64 the row that each lies in.
        starts: `(n,)` int64 where in the row it starts.
        num_rows: how many rows there are; some may be empty.
        length: tokens per row.
        slots: how many texts the batch has room for, at least n: the results' first axis.
    """

    texts: Ints
    rows: Ints
    starts: Ints
    num_rows: int
    length: int
    slots: int

    @property
    def places(self) -> Ints:
        """The text of each result, `(slots,)` int64; -1 where there is none."""
        return np.concatenate([self.texts, np.full(self.slots - len(self.texts), -1)])

    def features(self, packer: Packer, packed: TokenizedTexts) -> dict[str, Array]:
        """Return the model's inputs.

        Returns:
            The packer's own, each `(num_rows, length)`; `positions` and `text_ids`, int32 of the same shape: each
            token's place in its text, and the text's number in its row (0 for padding); and int32 `(slots,)`, where
            each text starts in the flattened rows, and its length (0 where there is none).
        """
        order = np.lexsort((self.starts, self.rows))
        texts, rows, starts = self.texts[order], self.rows[order], self.starts[order]
        ends = np.searchsorted(rows, np.arange(self.num_rows + 1))  # of row i: texts ends[i] to ends[i + 1]
        shared = TokenizedTexts(
            *(
                tuple(np.concatenate([part[text] for text in texts[a:b]] or [_NOTHING]) for a, b in pairwise(ends))
                for part in (packed.token_ids, packed.segment_ids)
            )
        )
        lengths = packed.lengths[self.texts]
        positions = np.zeros((self.num_rows, self.length), "int32")
        text_ids = np.zeros_like(positions)
        numbers = np.arange(len(texts)) - ends[rows] + 1
        for row, start, number, length in zip(rows, starts, numbers, lengths[order], strict=True):
            positions[row, start : start + length] = np.arange(length)
            text_ids[row, start : start + length] = number
        vacant = (0, self.slots - len(self.texts))
        return {
            **packer.pad(shared, range(self.num_rows), self.length),
            POSITIONS: positions,
            TEXT_IDS: text_ids,
            TEXT_STARTS: np.pad(self.rows * self.length + self.starts, vacant).astype("int32"),
            TEXT_LENGTHS: np.pad(lengths, vacant).astype("int32"),
        }


_NOTHING = np.zeros(0, "int32")


def row_lengths(sequence_length: int) -> tuple[int, ...]:
    """Return the lengths that rows may have: 64, 256, 1,024, … below `sequence_length`, then that itself."""
    return growing_lengths(SHORTEST, GROWTH, sequence_length)


def lay_out(lengths: Ints, row_lengths: Sequence[int], most: int) -> tuple[Ints, Ints, Ints]:
    """Put texts into rows: the longest first, each where it leaves the smallest gap.

    A text that fits into no gap starts a row, of the smallest length that holds it.

    Args:
        lengths: `(n,)` tokens per text, none above the last of `row_lengths`.
        row_lengths: the lengths that rows may have, ascending.
        most: how many texts a row may have.

    Returns:
        The row of each text, `(n,)`; where in it the text starts, `(n,)`; and the length of each row.
    """
    rows, starts = np.zeros(len(lengths), np.int64), np.zeros(len(lengths), np.int64)
    sizes: list[int] = []
    counts: list[int] = []
    gaps: dict[int, list[int]] = {}  # tokens free -> the rows with that many
    known = 0  # bit i is set if there is a gap of i tokens: finding the smallest that fits is one shift
    for text in np.argsort(-lengths, kind="stable").tolist():
        length = int(lengths[text])
        if fitting := known >> length:
            gap = length + (fitting & -fitting).bit_length() - 1
            row = gaps[gap].pop()
            if not gaps[gap]:
                known ^= 1 << gap
        else:
            row, gap = len(sizes), next(size for size in row_lengths if size >= length)
            sizes.append(gap)
            counts.append(0)
        rows[text], starts[text] = row, sizes[row] - gap
        counts[row] += 1
        gap -= length
        if gap and counts[row] < most:
            gaps.setdefault(gap, []).append(row)
            known |= 1 << gap
    return rows, starts, np.array(sizes, dtype=np.int64)
