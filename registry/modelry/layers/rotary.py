"""Rotary positions: the embedding, attention with it, and the encoder layer around that."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from modelry.errors import InputError
from modelry.layers.functions import activation as activation_function
from modelry.layers.functions import own_initializer
from modelry.layers.transformer import attend

LARGEST_HEAD = 2**16  # a table of this size is created


class RotaryEmbedding(keras.layers.Layer):
    """The angles that queries and keys are rotated by, so that their products depend on their distance.

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


class RotaryAttention(keras.layers.Layer):
    """Scaled dot-product self-attention whose queries and keys are turned by their positions.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).

    Args:
        num_heads: The number of heads (H).
        head_dim: The size of each (D).
        use_bias: Whether the dense layers have biases.
        neighbours: Which numbers are turned together; see `rotate`.
        dropout: The rate of dropout on the attention probabilities.
        kernel_initializer: The initializer of the kernels.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(
        self,
        num_heads: int,
        head_dim: int,
        use_bias: bool = False,
        neighbours: bool = False,
        dropout: float = 0.0,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.head_dim = head_dim
        self.use_bias = use_bias
        self.neighbours = neighbours
        self.dropout = dropout
        self.kernel_initializer = kernel_initializer
        self.attention_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="attention_dropout")

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Create the weights for inputs of shape `(batch, length, hidden_dim)`."""
        inner_dim = self.num_heads * self.head_dim
        self.q_dense = self._dense(inner_dim, "q_dense")
        self.k_dense = self._dense(inner_dim, "k_dense")
        self.v_dense = self._dense(inner_dim, "v_dense")
        self.o_dense = self._dense(input_shape[-1], "o_dense")
        for dense in (self.q_dense, self.k_dense, self.v_dense):
            dense.build(input_shape)
        self.o_dense.build((*input_shape[:-1], inner_dim))

    def call(self, x: Any, rotations: Any = None, attention_mask: Any = None, training: bool | None = None) -> Any:
        """Attend.

        Args:
            x: Hidden states, `(batch, length, hidden_dim)`.
            rotations: What `RotaryEmbedding` returns; `None` turns nothing.
            attention_mask: Which tokens may see which; see `attention_mask` in `attention`.
            training: Whether dropout is active.

        Returns:
            Hidden states, `(batch, length, hidden_dim)`.
        """
        heads = (*ops.shape(x)[:2], self.num_heads, self.head_dim)
        query = ops.reshape(self.q_dense(x), heads)  # (B, T, H, D)
        key = ops.reshape(self.k_dense(x), heads)  # (B, S, H, D)
        value = ops.reshape(self.v_dense(x), heads)  # (B, S, H, D)
        if rotations is not None:
            query, key = (rotate(one, rotations, self.neighbours) for one in (query, key))
        dropout = self.attention_dropout if training and self.dropout else None
        attended = self.attend(query, key, value, attention_mask, dropout)  # (B, T, H, D)
        return self.o_dense(ops.reshape(attended, (*heads[:2], -1)))  # (B, T, E)

    def attend(self, query: Any, key: Any, value: Any, attention_mask: Any, dropout: Any) -> Any:
        """Return what each token sees, `(batch, length, heads, head_dim)`; see `attend` in `attention`."""
        return attend(query, key, value, attention_mask, dropout)

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], rotations_shape: Any = None, attention_mask_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape

    def _dense(self, units: int, name: str) -> keras.layers.Dense:
        return keras.layers.Dense(
            units,
            use_bias=self.use_bias,
            kernel_initializer=own_initializer(self.kernel_initializer),
            dtype=self.dtype_policy,
            name=name,
        )


class RotaryEncoder(keras.layers.Layer, abc.ABC):
    """Self-attention with rotary positions and a feed-forward network, each with a residual sum and a normalization.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).

    Args:
        num_heads: The number of attention heads.
        head_dim: The size of each.
        intermediate_dim: The size of the feed-forward network's inner layer.
        dropout: The rate of dropout of what attention and feed-forward network add.
        attention_dropout: The rate of dropout on the attention probabilities.
        activation: The feed-forward network's activation, by name.
        attention_bias: Whether the dense layers of the attention have biases.
        feedforward_bias: Whether those of the feed-forward network do.
        kernel_initializer: The initializer of all kernels.
        **kwargs: `name`, `dtype`, `trainable`.

    Attributes:
        norm_first: Whether normalizations stand before attention and network; otherwise they follow the sums.
        neighbours: Which numbers of a query or key are turned together; see `rotate`.
        gated: Whether the inner layer is twice as wide, and its second half multiplies the activated first half.
    """

    norm_first: ClassVar[bool] = True
    neighbours: ClassVar[bool] = False
    gated: ClassVar[bool] = False

    def __init__(
        self,
        num_heads: int,
        head_dim: int,
        intermediate_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        activation: str = "gelu",
        attention_bias: bool = False,
        feedforward_bias: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.head_dim = head_dim
        self.intermediate_dim = intermediate_dim
        self.attention_dropout = attention_dropout
        self.activation = activation_function(activation)
        self.attention_bias = attention_bias
        self.feedforward_bias = feedforward_bias
        self.kernel_initializer = kernel_initializer
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="dropout")

    @abc.abstractmethod
    def create_norm(self, name: str) -> keras.layers.Layer:
        """Return a new normalization layer."""

    def create_attention(self, **arguments: Any) -> RotaryAttention:
        """Return a new attention layer, given the arguments of `RotaryAttention`."""
        return RotaryAttention(**arguments)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Create the weights for inputs of shape `(batch, length, hidden_dim)`."""
        self.attention_layer = self.create_attention(
            num_heads=self.num_heads,
            head_dim=self.head_dim,
            use_bias=self.attention_bias,
            neighbours=self.neighbours,
            dropout=self.attention_dropout,
            kernel_initializer=self.kernel_initializer,
            dtype=self.dtype_policy,
            name="attention_layer",
        )
        self.attention_norm = self.create_norm("attention_norm")
        self.feedforward_norm = self.create_norm("feedforward_norm")
        self.feedforward_intermediate_dense = self._dense(
            self.intermediate_dim * (2 if self.gated else 1), "feedforward_intermediate_dense"
        )
        self.feedforward_output_dense = self._dense(input_shape[-1], "feedforward_output_dense")
        for layer in (
            self.attention_layer,
            self.attention_norm,
            self.feedforward_norm,
            self.feedforward_intermediate_dense,
        ):
            layer.build(input_shape)
        self.feedforward_output_dense.build((*input_shape[:-1], self.intermediate_dim))

    def call(self, x: Any, rotations: Any = None, attention_mask: Any = None, training: bool | None = None) -> Any:
        """Encode.

        Args:
            x: Hidden states, `(batch, length, hidden_dim)`.
            rotations: What `RotaryEmbedding` returns; `None` turns nothing.
            attention_mask: Which tokens may see which, as the attention layer takes it.
            training: Whether dropout is active.

        Returns:
            Hidden states, `(batch, length, hidden_dim)`.
        """

        def attend(x: Any) -> Any:
            attended = self.attention_layer(x, rotations, attention_mask, training=training)  # (B, T, E)
            return self.dropout_layer(attended, training=training)

        def feed_forward(x: Any) -> Any:
            inner = self._activate(self.feedforward_intermediate_dense(x))  # (B, T, F)
            return self.dropout_layer(self.feedforward_output_dense(inner), training=training)  # (B, T, E)

        if self.norm_first:
            x = x + attend(self.attention_norm(x))
            return x + feed_forward(self.feedforward_norm(x))
        x = self.attention_norm(x + attend(x))
        return self.feedforward_norm(x + feed_forward(x))

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], rotations_shape: Any = None, attention_mask_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape

    def _activate(self, inner: Any) -> Any:
        if not self.gated:
            return self.activation(inner)
        activated, gate = ops.split(inner, 2, axis=-1)
        return self.activation(activated) * gate

    def _dense(self, units: int, name: str) -> keras.layers.Dense:
        return keras.layers.Dense(
            units,
            use_bias=self.feedforward_bias,
            kernel_initializer=own_initializer(self.kernel_initializer),
            dtype=self.dtype_policy,
            name=name,
        )
