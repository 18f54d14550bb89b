"""Disentangled attention: vectors of the distances between tokens, attention with them, and its encoder layer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from modelry.errors import InputError
from modelry.layers import TransformerEncoder, attend, heads_dense, own_initializer

MOST_DISTANCES = 2**20  # of which a table is made


class RelativeEmbedding(keras.layers.Layer):
    """A learned vector for each bucket of signed distances between two tokens, normalized.

    Reference: [He et al., 2021](https://arxiv.org/abs/2111.09543).

    Args:
        hidden_dim: The size of the vectors (E).
        bucket_size: The number of buckets for distances of one sign (S), at least 2.
        max_sequence_length: The number of distances of one sign (M), zero included.
        layer_norm_epsilon: What layer normalization adds to the variance.
        kernel_initializer: The initializer of the vectors.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        InputError: There are too few buckets, or too many distances.
    """

    def __init__(
        self,
        hidden_dim: int,
        bucket_size: int,
        max_sequence_length: int,
        layer_norm_epsilon: float = 1e-5,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        if bucket_size < 2:
            raise InputError(f"bucket_size must be at least 2, not {bucket_size}.")
        if max_sequence_length > MOST_DISTANCES:
            raise InputError(f"max_sequence_length must be at most {MOST_DISTANCES:,}, not {max_sequence_length:,}.")
        super().__init__(**kwargs)
        self.hidden_dim = hidden_dim
        self.bucket_size = bucket_size
        self.max_sequence_length = max_sequence_length
        self.kernel_initializer = kernel_initializer
        self.layer_norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon, dtype=self.dtype_policy, name="rel_embeddings_layer_norm"
        )
        self._buckets = distance_buckets(bucket_size, max_sequence_length)  # (M,)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the vectors."""
        shape = (2 * self.bucket_size, self.hidden_dim)
        self.rel_embeddings = self.add_weight(name="rel_embedding", shape=shape, initializer=self.kernel_initializer)
        self.layer_norm.build(shape)

    def call(self, x: Any) -> tuple[Any, Any]:
        """Return the vectors that a row needs, and which of them belongs to each two of its tokens.

        Args:
            x: Hidden states, `(batch, length, hidden_dim)`; only their length counts.

        Returns:
            Vectors, `(1, distances, hidden_dim)`, and for each query (first axis) and key (second axis) the index of
            theirs, `(length, length)` int.
        """
        length = ops.shape(x)[1]
        farthest = self.bucket_size - 1
        if isinstance(length, int):  # short rows need few vectors, and every layer projects them all
            farthest = int(self._buckets[min(length, self.max_sequence_length) - 1])
        zero = self.bucket_size  # where the vector of distance 0 lies
        vectors = ops.convert_to_tensor(self.rel_embeddings)[zero - farthest : zero + farthest + 1]  # (N, E)
        tokens = ops.arange(length, dtype="int32")  # (T)
        distances = tokens[:, None] - tokens[None, :]  # (T, T)
        # Only tokens of different texts, which do not see each other, are farther apart.
        sizes = ops.minimum(ops.abs(distances), self.max_sequence_length - 1)  # (T, T)
        buckets = ops.sign(distances) * ops.take(self._buckets, sizes)  # (T, T)
        return self.layer_norm(vectors)[None], buckets + farthest  # (1, N, E), (T, T)

    def compute_output_spec(self, x: Any) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return what `call` returns, without values."""
        vectors = keras.KerasTensor((1, None, self.hidden_dim), dtype=self.compute_dtype)
        return vectors, keras.KerasTensor((x.shape[1], x.shape[1]), dtype="int32")


def distance_buckets(bucket_size: int, max_sequence_length: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return the bucket of each distance from 0 to `max_sequence_length - 1`.

    Half of the buckets hold one distance each; those after them hold ranges that grow with the distance.
    """
    middle = bucket_size // 2
    distances = np.arange(max_sequence_length)  # (M)
    far = np.maximum(distances, middle + 1)
    share = np.log(far / middle) / np.log(max(max_sequence_length - 1, middle + 1) / middle)  # 0 to 1
    buckets = np.where(distances <= middle, distances, middle + np.ceil(share * (middle - 1)))
    return buckets.astype("int32")


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
