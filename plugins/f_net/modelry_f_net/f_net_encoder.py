"""The encoder layer of F-Net."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from modelry.layers import activation as activation_function
from modelry.layers import own_initializer


class FNetEncoder(keras.layers.Layer):
    """A Fourier transform that mixes tokens, and a feed-forward network, each followed by a sum and normalization.

    Reference: [Lee-Thorp et al., 2021](https://arxiv.org/abs/2105.03824).

    Args:
        intermediate_dim: The size of the feed-forward network's inner layer.
        dropout: The rate of dropout.
        activation: The feed-forward network's activation, by name.
        layer_norm_epsilon: What layer normalization adds to the variance.
        kernel_initializer: The initializer of kernels and biases.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(
        self,
        intermediate_dim: int,
        dropout: float = 0.1,
        activation: str = "relu",
        layer_norm_epsilon: float = 1e-5,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon
        self.kernel_initializer = kernel_initializer

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Create the weights for inputs of shape `(batch, length, hidden_dim)`."""
        policy = self.dtype_policy
        norm: dict[str, Any] = {"epsilon": self.layer_norm_epsilon, "dtype": policy}
        self._mixing_layer_norm = keras.layers.LayerNormalization(**norm, name="mixing_layer_norm")
        self._intermediate_dense = keras.layers.Dense(
            self.intermediate_dim,
            activation=activation_function(self.activation),
            kernel_initializer=own_initializer(self.kernel_initializer),
            dtype=policy,
            name="intermediate_dense",
        )
        self._output_dense = keras.layers.Dense(
            input_shape[-1],
            kernel_initializer=own_initializer(self.kernel_initializer),
            dtype=policy,
            name="output_dense",
        )
        self._output_dropout = keras.layers.Dropout(self.dropout, dtype=policy, name="output_dropout")
        self._output_layer_norm = keras.layers.LayerNormalization(**norm, name="output_layer_norm")
        for layer in (self._mixing_layer_norm, self._intermediate_dense, self._output_layer_norm):
            layer.build(input_shape)
        self._output_dense.build((*input_shape[:-1], self.intermediate_dim))

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Encode.

        Args:
            x: Hidden states, `(batch, length, hidden_dim)`.
            training: Whether dropout is active.

        Returns:
            Hidden states, `(batch, length, hidden_dim)`.
        """
        x = self._mixing_layer_norm(x + fourier_transform(x))  # (B, T, E)
        inner = self._intermediate_dense(x)  # (B, T, F)
        outer = self._output_dense(inner)  # (B, T, E)
        return self._output_layer_norm(x + self._output_dropout(outer, training=training))

    def compute_output_shape(self, x_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape


def fourier_transform(x: Any) -> Any:
    """Return the real part of the Fourier transform along the last two axes, in the precision of the input."""
    whole = ops.cast(x, "float32")  # the least that backends transform
    real, _ = ops.fft2((whole, ops.zeros_like(whole)))
    return ops.cast(real, x.dtype)
