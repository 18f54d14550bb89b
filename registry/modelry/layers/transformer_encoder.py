"""The encoder layer of the original transformer."""

from __future__ import annotations

from typing import Any

import keras
from attrs import frozen

from modelry.layers.attention import SelfAttention, split_heads
from modelry.layers.functions import activation as activation_function
from modelry.layers.functions import bert_initializer, own_initializer


@frozen
class EncoderSublayers:
    """The layers inside a `TransformerEncoder` that have weights.

    Attributes:
        attention: The attention layer.
        attention_norm: The normalization after it.
        intermediate: The inner layer of the feed-forward network.
        output: Its outer layer.
        output_norm: The normalization after it.
    """

    attention: Any
    attention_norm: keras.layers.LayerNormalization
    intermediate: keras.layers.Dense
    output: keras.layers.Dense
    output_norm: keras.layers.LayerNormalization


class TransformerEncoder(keras.layers.Layer):
    """Self-attention and a feed-forward network, each followed by a residual sum and layer normalization.

    A subclass with another kind of attention overrides `create_attention`; where that takes more than a mask, it also
    overrides `call`, which is `after_attention(x, attend(x, …), training)`. The attributes that hold the layers are
    named as in KerasHub's files and are private; `sublayers` returns the layers.

    Reference: [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762).

    Args:
        num_heads: The number of attention heads; it must divide the hidden size.
        intermediate_dim: The size of the feed-forward network's inner layer.
        dropout: The rate of dropout.
        activation: The feed-forward network's activation, by name.
        layer_norm_epsilon: What layer normalization adds to the variance.
        kernel_initializer: The initializer of all kernels.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(
        self,
        num_heads: int,
        intermediate_dim: int,
        dropout: float = 0.1,
        activation: str = "relu",
        layer_norm_epsilon: float = 1e-5,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon
        self.kernel_initializer = kernel_initializer

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Create the weights for inputs of shape `(batch, length, hidden_dim)`."""
        hidden_dim = input_shape[-1]
        head_dim = split_heads(hidden_dim, self.num_heads)
        policy, initializer = self.dtype_policy, self.kernel_initializer
        norm: dict[str, Any] = {"epsilon": self.layer_norm_epsilon, "dtype": policy}
        self._self_attention_layer = self.create_attention(head_dim)
        self._self_attention_dropout = keras.layers.Dropout(self.dropout, dtype=policy)
        self._self_attention_layer_norm = keras.layers.LayerNormalization(**norm, name="self_attention_layer_norm")
        self._feedforward_intermediate_dense = keras.layers.Dense(
            self.intermediate_dim,
            activation=activation_function(self.activation),
            kernel_initializer=own_initializer(initializer),
            dtype=policy,
            name="feedforward_intermediate_dense",
        )
        self._feedforward_output_dense = keras.layers.Dense(
            hidden_dim, kernel_initializer=own_initializer(initializer), dtype=policy, name="feedforward_output_dense"
        )
        self._feedforward_dropout = keras.layers.Dropout(self.dropout, dtype=policy)
        self._feedforward_layer_norm = keras.layers.LayerNormalization(**norm, name="feedforward_layer_norm")
        for layer in (
            self._self_attention_layer,
            self._self_attention_layer_norm,
            self._feedforward_intermediate_dense,
            self._feedforward_layer_norm,
        ):
            layer.build(input_shape)
        self._feedforward_output_dense.build((*input_shape[:-1], self.intermediate_dim))

    def create_attention(self, head_dim: int) -> keras.layers.Layer:
        """Return the attention layer; an architecture with another one overrides this, and `call` if it takes more."""
        return SelfAttention(
            self.num_heads,
            head_dim,
            self.dropout,
            self.kernel_initializer,
            dtype=self.dtype_policy,
            name="self_attention",
        )

    def call(self, x: Any, attention_mask: Any = None, training: bool | None = None) -> Any:
        """Encode.

        Args:
            x: Hidden states, `(batch, length, hidden_dim)`.
            attention_mask: Which tokens may see which; see `attention_mask` in `attention`.
            training: Whether dropout is active.

        Returns:
            Hidden states, `(batch, length, hidden_dim)`.
        """
        attended = self.attend(x, attention_mask=attention_mask, training=training)  # (B, T, E)
        return self.after_attention(x, attended, training)

    def attend(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the output of the attention layer, which is called with these arguments."""
        return self._self_attention_layer(x, *args, **kwargs)

    def sublayers(self) -> EncoderSublayers:
        """Return the layers with weights; they exist once the layer is built."""
        return EncoderSublayers(
            attention=self._self_attention_layer,
            attention_norm=self._self_attention_layer_norm,
            intermediate=self._feedforward_intermediate_dense,
            output=self._feedforward_output_dense,
            output_norm=self._feedforward_layer_norm,
        )

    def after_attention(self, x: Any, attended: Any, training: bool | None) -> Any:
        """Return the hidden states that follow from those before attention, `x`, and what attention made of them."""
        x = self._self_attention_layer_norm(x + self._self_attention_dropout(attended, training=training))
        inner = self._feedforward_intermediate_dense(x)  # (B, T, F)
        outer = self._feedforward_output_dense(inner)  # (B, T, E)
        return self._feedforward_layer_norm(x + self._feedforward_dropout(outer, training=training))

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], attention_mask_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape


def transformer_layers(
    num_layers: int,
    num_heads: int,
    intermediate_dim: int,
    *,
    dropout: float,
    activation: str,
    layer_norm_epsilon: float,
    dtype: Any,
) -> list[TransformerEncoder]:
    """Return the layers of an encoder, initialised as BERT's are; the arguments are those of each."""
    return [
        TransformerEncoder(
            num_heads,
            intermediate_dim,
            dropout=dropout,
            activation=activation,
            layer_norm_epsilon=layer_norm_epsilon,
            kernel_initializer=bert_initializer(),
            dtype=dtype,
            name=f"transformer_layer_{index}",
        )
        for index in range(num_layers)
    ]
