"""Learned absolute positions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class PositionEmbedding(keras.layers.Layer):
    """A learned vector for each position.

    Args:
        sequence_length: The number of positions.
        initializer: The initializer of the vectors.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(self, sequence_length: int, initializer: Any = "glorot_uniform", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sequence_length = sequence_length
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Create the vectors for inputs of shape `(batch, length, hidden_dim)`."""
        self.position_embeddings = self.add_weight(
            name="embeddings", shape=(self.sequence_length, input_shape[-1]), initializer=self.initializer
        )

    def call(self, x: Any, positions: Any = None, start: int = 0) -> Any:
        """Return the vectors of the positions.

        Args:
            x: Token embeddings, `(batch, length, hidden_dim)`; only their length counts.
            positions: The position of each token, `(batch, length)` int; `None` counts from zero.
            start: Which of the vectors is that of position zero.

        Returns:
            `(1, length, hidden_dim)`, or `(batch, length, hidden_dim)` with `positions`.
        """
        table = ops.convert_to_tensor(self.position_embeddings)  # (P, E)
        if positions is not None:
            return ops.take(table, positions + start, axis=0)  # (B, T, E)
        return table[None, start : start + ops.shape(x)[1]]  # (1, T, E)

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], positions_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Return `(1 or batch, length, hidden_dim)`."""
        return (1 if positions_shape is None else x_shape[0], *x_shape[1:])
