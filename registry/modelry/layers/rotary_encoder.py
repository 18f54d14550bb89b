"""The encoder layer of transformers with rotary positions."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import keras
from keras import ops

from modelry.layers.functions import activation as activation_function
from modelry.layers.functions import own_initializer
from modelry.layers.rotary import RotaryAttention


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
