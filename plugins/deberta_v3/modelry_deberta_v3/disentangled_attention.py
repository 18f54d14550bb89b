"""Disentangled attention, and the encoder layer around it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from modelry.layers import TransformerEncoder, attend, heads_dense, own_initializer


class DisentangledSelfAttention(keras.layers.Layer):
    """Multi-head self-attention whose scores are sums of three: content to content, to distance, and back.

    Reference: [He et al., 2020](https://arxiv.org/abs/2006.03654).

    Args:
        num_heads: The number of heads (H).
        head_dim: The size of each (D).
        dropout: The rate of dropout on the attention probabilities, and on the vectors of distances.
        kernel_initializer: The initializer of the kernels.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(
        self, num_heads: int, head_dim: int, dropout: float, kernel_initializer: Any = "glorot_uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.head_dim = head_dim
        self.dropout = dropout
        policy, heads = self.dtype_policy, (num_heads, head_dim, kernel_initializer)
        self._query_dense = heads_dense("query", *heads, dtype=policy)
        self._key_dense = heads_dense("key", *heads, dtype=policy)
        self._value_dense = heads_dense("value", *heads, dtype=policy)
        self._output_dense = keras.layers.Dense(
            num_heads * head_dim,
            kernel_initializer=own_initializer(kernel_initializer),
            dtype=policy,
            name="attention_output",
        )
        self._position_dropout = keras.layers.Dropout(dropout, dtype=policy, name="position_dropout")
        self._attention_dropout = keras.layers.Dropout(dropout, dtype=policy, name="attention_dropout")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights for inputs of shape `(batch, length, hidden_dim)`."""
        for dense in (self._query_dense, self._key_dense, self._value_dense, self._output_dense):
            dense.build(input_shape)

    def call(
        self, x: Any, distances: Any, buckets: Any, attention_mask: Any = None, training: bool | None = None
    ) -> Any:
        """Attend.

        Args:
            x: Hidden states, `(batch, length, hidden_dim)`.
            distances: The vectors of distances, `(1, distances, hidden_dim)`.
            buckets: For each query (first axis) and key (second axis) which of these is theirs, `(length, length)`.
            attention_mask: True where a query (third axis) may see a key (last axis), `(batch, 1, 1 or length,
                length)` bool. `None` lets every token see every other.
            training: Whether dropout is active.

        Returns:
            Hidden states, `(batch, length, hidden_dim)`.
        """
        scale = (3 * self.head_dim) ** -0.5  # of a sum of three
        query = self._query_dense(x) * scale  # (B, T, H, D)
        key = self._key_dense(x)  # (B, S, H, D)
        value = self._value_dense(x)  # (B, S, H, D)
        distances = self._position_dropout(distances, training=training)
        distance_query = self._query_dense(distances)[0] * scale  # (N, H, D)
        distance_key = self._key_dense(distances)[0]  # (N, H, D)
        to_distance = ops.einsum("BTHD,NHD->BHTN", query, distance_key)
        from_distance = ops.einsum("BSHD,NHD->BHSN", key, distance_query)
        buckets = buckets[None, None]  # (1, 1, T, S)
        bias = ops.take_along_axis(to_distance, buckets, axis=3) + ops.swapaxes(
            ops.take_along_axis(from_distance, ops.swapaxes(buckets, 2, 3), axis=3), 2, 3
        )  # (B, H, T, S)
        dropout = self._attention_dropout if training and self.dropout else None
        attended = attend(query, key, value, attention_mask, dropout, bias=bias, scale=1.0)  # (B, T, H, D)
        return self._output_dense(ops.reshape(attended, ops.shape(x)))  # (B, T, E)

    def compute_output_shape(
        self,
        x_shape: tuple[int | None, ...],
        distances_shape: Any = None,
        buckets_shape: Any = None,
        attention_mask_shape: Any = None,
    ) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape


class DisentangledAttentionEncoder(TransformerEncoder):
    """A `TransformerEncoder` with disentangled attention.

    Reference: [He et al., 2020](https://arxiv.org/abs/2006.03654).
    """

    def create_attention(self, head_dim: int) -> DisentangledSelfAttention:
        """Return the attention layer."""
        return DisentangledSelfAttention(
            self.num_heads,
            head_dim,
            self.dropout,
            self.kernel_initializer,
            dtype=self.dtype_policy,
            name="self_attention_layer",
        )

    def call(  # type: ignore[override]  # what its attention needs besides
        self, x: Any, distances: Any, buckets: Any, attention_mask: Any = None, training: bool | None = None
    ) -> Any:
        """Return hidden states, `(batch, length, hidden_dim)`; see `DisentangledSelfAttention.call`."""
        attended = self.attend(x, distances, buckets, attention_mask=attention_mask, training=training)  # (B, T, E)
        return self.after_attention(x, attended, training)

    def compute_output_shape(  # type: ignore[override]
        self,
        x_shape: tuple[int | None, ...],
        distances_shape: Any = None,
        buckets_shape: Any = None,
        attention_mask_shape: Any = None,
    ) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape
