"""Tokenized texts: ragged rows of token ids that only need padding.

A text is tokenized once; how long its batch is padded is decided later, when the batch it belongs to is known.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.integer]


@attrs.frozen(eq=False)  # == between arrays is elementwise, so two of these have no single answer
class TokenizedTexts:
    """Ragged rows ready to be padded: special tokens are in, and long texts are truncated.

    Attributes:
        token_ids: one int32 array of shape `(length_i,)` per text.
        segment_ids: one int32 array of shape `(length_i,)` per text: 0 in its first segment, 1 in its second.
        offsets: one int32 array of shape `(length_i, 2)` per text: the character span of each token in the original
            text of its segment, `(-1, -1)` for special tokens; or None.
    """

    token_ids: tuple[IntArray, ...]
    segment_ids: tuple[IntArray, ...]
    offsets: tuple[IntArray, ...] | None = None

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens per text, `(n,)` int64."""
        return np.fromiter(map(len, self.token_ids), dtype=np.int64, count=len(self))
