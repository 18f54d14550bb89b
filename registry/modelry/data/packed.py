"""Packed texts: rows of token ids that only need padding, and what makes them.

A text is tokenised once; how long its batch is padded is decided later, when the batch it belongs to is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import attrs
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = npt.NDArray[np.generic]
IntArray = npt.NDArray[np.integer]


@attrs.frozen(eq=False)  # == between arrays is elementwise, so two packs have no single answer
class PackedTexts:
    """Ragged rows ready to be padded: special tokens are in, and long texts are truncated.

    Attributes:
        token_ids: one int32 array of shape `(length_i,)` per text.
        segment_ids: one int32 array of shape `(length_i,)` per text: 0 in its first segment, 1 in its second.
    """

    token_ids: tuple[IntArray, ...]
    segment_ids: tuple[IntArray, ...]

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens per text, `(n,)` int64."""
        return np.fromiter(map(len, self.token_ids), dtype=np.int64, count=len(self))


@runtime_checkable
class Packer(Protocol):
    """A preprocessor that separates tokenising from padding, so that each batch can have its own length."""

    @property
    def sequence_length(self) -> int:
        """The upper bound on a row's length; no packed row exceeds it."""

    @property
    def padding(self) -> Literal["bucket", "fixed"]:
        """`"fixed"`: every batch has `sequence_length`, because padding changes what this architecture computes."""

    def pack(self, columns: tuple[Sequence[str], ...]) -> PackedTexts:
        """Tokenise one column of texts, or two for sentence pairs."""

    def pad(self, packed: PackedTexts, rows: Sequence[int] | IntArray, length: int) -> dict[str, Array]:
        """Return the model's inputs for some rows, each of shape `(len(rows), length)`."""
