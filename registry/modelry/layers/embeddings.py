"""Learned absolute positions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from modelry.layers.functions import own_initializer


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


class TokenAndPositionEmbedding(keras.layers.Layer):
    """The sum of a learned vector for each token and one for its position.

    Args:
        vocabulary_size: The number of tokens (V).
        sequence_length: The number of positions.
        embedding_dim: The size of the vectors (E).
        embeddings_initializer: The initializer of both kinds of vectors.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(
        self,
        vocabulary_size: int,
        sequence_length: int,
        embedding_dim: int,
        embeddings_initializer: Any = "uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding_dim = embedding_dim
        self.token_embedding = keras.layers.ReversibleEmbedding(
            vocabulary_size,
            embedding_dim,
            embeddings_initializer=own_initializer(embeddings_initializer),
            dtype=self.dtype_policy,
            name="token_embedding",
        )
        self.position_embedding = PositionEmbedding(
            sequence_length,
            own_initializer(embeddings_initializer),
            dtype=self.dtype_policy,
            name="position_embedding",
        )

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Create the vectors for token ids of shape `(batch, length)`."""
        self.token_embedding.build(input_shape)
        self.position_embedding.build((*input_shape, self.embedding_dim))

    def call(self, token_ids: Any, positions: Any = None) -> Any:
        """Embed.

        Args:
            token_ids: Token ids, `(batch, length)`.
            positions: The position of each token, `(batch, length)` int; `None` counts from zero.

        Returns:
            The sums, `(batch, length, embedding_dim)`.
        """
        tokens = self.token_embedding(token_ids)  # (B, T, E)
        return tokens + self.position_embedding(tokens, positions=positions)  # (B, T, E)

    def compute_output_shape(
        self, token_ids_shape: tuple[int | None, ...], positions_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Return `(batch, length, embedding_dim)`."""
        return (*token_ids_shape, self.embedding_dim)
