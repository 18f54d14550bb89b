"""Columns of texts -> the model's inputs for one batch, by whatever preprocessor there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs
import keras
import numpy as np

from modelry.data.buckets import bucket_length
from modelry.data.packed import Packer
from modelry.data.rows import TokenizedTexts
from modelry.data.sharing import share_batch
from modelry.errors import InputError

if TYPE_CHECKING:
    from modelry.data.columns import Columns
    from modelry.data.packed import Array, IntArray

Preprocessor = Packer | Callable[[Any], Any]


def as_packer(preprocessor: Preprocessor) -> Packer:
    """Return a preprocessor that packs and pads; one that is just a callable is called where others pad."""
    return preprocessor if isinstance(preprocessor, Packer) else CalledPreprocessor(preprocessor)


def encode(packer: Packer, columns: Columns, shares_rows: bool = False) -> Any:
    """Return the features of one batch, no longer than its texts need.

    Args:
        packer: the preprocessor.
        columns: one column of n texts, or two.
        shares_rows: whether the model takes rows that several texts share.

    Returns:
        A structure of NumPy arrays: `(n, …)`, or those of `SharedRows` with n slots.
    """
    packed = packer.tokenize(columns)
    length = packer.sequence_length
    if packer.padding == "bucket":
        if shares_rows:
            return share_batch(packed.lengths, length).features(packer, packed)
        length = bucket_length(int(packed.lengths.max()), length)
    return packer.pad(packed, np.arange(len(packed)), length)


@attrs.frozen(eq=False)
class Untokenised(TokenizedTexts):
    """Texts that go to a callable as they are.

    Attributes:
        columns: one column of n texts, or two.
    """

    columns: Columns = ()


@attrs.frozen
class CalledPreprocessor:
    """A callable in the place of a preprocessor. It gets a list of texts, or two lists for pairs."""

    function: Callable[[Any], Any]
    sequence_length: int = 1
    padding: Literal["fixed"] = "fixed"

    def tokenize(self, columns: tuple[Sequence[str], ...]) -> Untokenised:
        """Keep the texts."""
        nothing = (np.zeros(0, "int32"),) * len(columns[0])
        return Untokenised(nothing, nothing, columns=tuple(map(list, columns)))

    def pad(self, packed: TokenizedTexts, rows: Sequence[int] | IntArray, length: int) -> dict[str, Array]:
        """Call the function on some of the texts."""
        assert isinstance(packed, Untokenised)  # `tokenize` made it
        columns = tuple([column[row] for row in rows] for column in packed.columns)
        given = self.function(columns[0] if len(columns) == 1 else columns)
        features: dict[str, Array] = keras.tree.map_structure(keras.ops.convert_to_numpy, given)
        for array in keras.tree.flatten(features):
            if array.ndim == 0 or len(array) != len(rows):
                raise InputError(
                    f"The preprocessor returned an array of shape {array.shape} for {len(rows)} texts. "
                    "It must return features with one row per text."
                )
        return features
