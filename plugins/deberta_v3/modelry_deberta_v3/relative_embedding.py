"""Embeddings of the distance between two tokens."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from modelry.errors import InputError

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
