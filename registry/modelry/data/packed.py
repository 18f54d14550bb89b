"""Packed texts: rows of token ids that only need padding, and what makes them.

A text is tokenised once; how long its batch is padded is decided later, when the batch it belongs to is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.data.rows import TokenizedTexts

Array = npt.NDArray[np.generic]
IntArray = npt.NDArray[np.integer]


@runtime_checkable
class Packer(Protocol):
    """A preprocessor that separates tokenising from padding, so that each batch can have its own length."""

    @property
    def sequence_length(self) -> int:
        """The upper bound on a row's length; no packed row exceeds it."""

    @property
    def padding(self) -> Literal["bucket", "fixed"]:
        """`"fixed"`: every batch has `sequence_length`, because padding changes what this architecture computes."""

    def tokenize(self, columns: tuple[Sequence[str], ...]) -> TokenizedTexts:
        """Tokenise one column of texts, or two for sentence pairs."""

    def pad(self, packed: TokenizedTexts, rows: Sequence[int] | IntArray, length: int) -> dict[str, Array]:
        """Return the model's inputs for some rows, each of shape `(len(rows), length)`."""
