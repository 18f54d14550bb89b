"""Rotary positions."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from modelry.errors import InputError

LARGEST_HEAD = 2**16  # of which a table is made


class RotaryEmbedding(keras.layers.Layer):
    """By which angles queries and keys are turned, so that their products depend on how far apart they stand.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).

    Args:
        head_dim: The size of an attention head (D); even.
        max_wavelength: The greatest wavelength, in tokens over 2π.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        InputError: `head_dim` is odd, or too large.
    """

    def __init__(self, head_dim: int, max_wavelength: float = 10_000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if head_dim % 2:
            raise InputError(f"Rotary positions turn pairs of numbers, so head_dim must be even, not {head_dim}.")
        if head_dim > LARGEST_HEAD:
            raise InputError(f"head_dim must be at most {LARGEST_HEAD:,}, not {head_dim:,}.")
        self.head_dim = head_dim
        self.frequencies = (max_wavelength ** -(np.arange(0, head_dim, 2) / head_dim)).astype("float32")  # (D / 2,)

    def call(self, x: Any, positions: Any = None) -> tuple[Any, Any]:
        """Return the cosines and sines of the angles, for `rotate`.

        Args:
            x: Token embeddings, `(batch, length, hidden_dim)`; only their length counts.
            positions: The position of each token, `(batch, length)` int; `None` counts from zero.

        Returns:
            Two of shape `(1, length, 1, head_dim / 2)`, or `(batch, length, 1, head_dim / 2)` with `positions`.
        """
        if positions is None:
            positions = ops.arange(ops.shape(x)[1])[None]  # (1, T)
        # In float32, whatever the policy: bfloat16 has no odd numbers above 256.
        places = ops.cast(positions, "float32")[:, :, None, None]  # (1 or B, T, 1, 1)
        angles = ops.multiply(places, self.frequencies)  # (1 or B, T, 1, D / 2)
        return ops.cast(ops.cos(angles), self.compute_dtype), ops.cast(ops.sin(angles), self.compute_dtype)

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], positions_shape: Any = None
    ) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
        """Return the shapes of cosines and sines."""
        shape = (1 if positions_shape is None else x_shape[0], x_shape[1], 1, self.head_dim // 2)
        return shape, shape


def rotate(x: Any, rotations: tuple[Any, Any], neighbours: bool) -> Any:
    """Turn each pair of a vector's numbers by its angle.

    Args:
        x: Queries or keys, `(batch, length, heads, head_dim)`.
        rotations: What `RotaryEmbedding` returns.
        neighbours: Whether numbers 0 and 1 are the first pair; otherwise numbers 0 and `head_dim / 2` are.

    Returns:
        The same shape.
    """
    cos, sin = rotations  # (1 or B, T, 1, D / 2)
    pairs = (cos.shape[-1], 2) if neighbours else (2, cos.shape[-1])
    axis = -1 if neighbours else -2
    first, second = ops.unstack(ops.reshape(x, (*ops.shape(x)[:-1], *pairs)), 2, axis)  # (B, T, H, D / 2)
    turned = ops.stack((first * cos - second * sin, first * sin + second * cos), axis)
    return ops.reshape(turned, ops.shape(x))
