"""Columns of texts -> the model's inputs for one batch, by whatever preprocessor there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.data.buckets import bucket_length
from modelry.data.packed import Packer
from modelry.errors import InputError

if TYPE_CHECKING:
    from modelry.data.columns import Columns

Preprocessor = Packer | Callable[[Any], Any]


def encode(preprocessor: Preprocessor, columns: Columns) -> Any:
    """Return the features of one batch, padded to the bucket of its longest text.

    Args:
        preprocessor: one that packs and pads, or any callable from texts to features.
        columns: one column of texts, or two.

    Returns:
        A structure of NumPy arrays, `(n, …)`.
    """
    if not isinstance(preprocessor, Packer):
        return call(preprocessor, columns)
    packed = preprocessor.pack(columns)
    length = preprocessor.sequence_length
    if preprocessor.padding == "bucket":
        length = bucket_length(int(packed.lengths.max()), length)
    return preprocessor.pad(packed, np.arange(len(packed)), length)


def call(preprocessor: Callable[[Any], Any], columns: Columns) -> Any:
    """Call a preprocessor that is just a callable: with a list of texts, or with two lists for pairs."""
    rows = len(columns[0])
    features = preprocessor(columns[0] if len(columns) == 1 else columns)
    features = keras.tree.map_structure(keras.ops.convert_to_numpy, features)
    for array in keras.tree.flatten(features):
        if array.ndim == 0 or len(array) != rows:
            raise InputError(
                f"The preprocessor returned an array of shape {array.shape} for {rows} texts. "
                "It must return features with one row per text."
            )
    return features
