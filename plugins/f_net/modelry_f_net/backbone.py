"""F-Net's encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import keras
from keras import ops

from modelry.backbones import SegmentedBackbone, id_inputs
from modelry.layers import activation as activation_function
from modelry.layers import bert_initializer, own_initializer

if TYPE_CHECKING:
    from collections.abc import Mapping


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


class FNetBackbone(SegmentedBackbone):
    """An F-Net encoder, which mixes tokens by a Fourier transform where others have attention.

    Reference: [Lee-Thorp et al., 2021](https://arxiv.org/abs/2105.03824).

    The transform is over all tokens of a row, padding tokens included. So a text's states depend on how far it is
    padded, and texts cannot share rows.

    Inputs: `token_ids` and `segment_ids`, each int of shape `(batch, length)`.
    Outputs: `sequence_output`, `(batch, length, hidden_dim)`, and `pooled_output`, `(batch, hidden_dim)`.

    ```python
    backbone = FNetBackbone(vocabulary_size=32000, num_layers=2, hidden_dim=128, intermediate_dim=512)
    ones = np.ones((1, 12), "int32")
    backbone({"token_ids": ones, "segment_ids": 0 * ones})["pooled_output"]  # (1, 128)
    ```

    Args:
        vocabulary_size: The number of tokens (V).
        num_layers: The number of encoder layers.
        hidden_dim: The size of a hidden state (E).
        intermediate_dim: The size of the feed-forward networks' inner layer.
        dropout: The rate of dropout.
        max_sequence_length: The number of positions.
        num_segments: The number of segments.
        activation: The feed-forward networks' activation: a Keras name, or `"gelu_approximate"`.
        layer_norm_epsilon: What layer normalization adds to the variance.
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.
    """

    keras_hub_class = "FNetBackbone"
    keras_hub_fixed: ClassVar[Mapping[str, Any]] = {"activation": "gelu_approximate", "layer_norm_epsilon": 1e-12}

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        hidden_dim: int,
        intermediate_dim: int,
        dropout: float = 0.1,
        max_sequence_length: int = 512,
        num_segments: int = 4,
        activation: str = "gelu_approximate",
        layer_norm_epsilon: float = 1e-12,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.max_sequence_length = max_sequence_length
        self.num_segments = num_segments
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon

        self.create_embeddings(
            vocabulary_size=vocabulary_size,
            max_sequence_length=max_sequence_length,
            num_segments=num_segments,
            embedding_dim=hidden_dim,
            hidden_dim=hidden_dim,
            project=True,
            dropout=0.0,  # F-Net drops out after the projection
            layer_norm_epsilon=layer_norm_epsilon,
            dtype=dtype,
        )
        self.projection_dropout = keras.layers.Dropout(dropout, dtype=dtype, name="projection_dropout")
        self.fourier_layers = [
            FNetEncoder(
                intermediate_dim,
                dropout=dropout,
                activation=activation,
                layer_norm_epsilon=layer_norm_epsilon,
                kernel_initializer=bert_initializer(),
                dtype=dtype,
                name=f"f_net_layer_{index}",
            )
            for index in range(num_layers)
        ]

        inputs = id_inputs("token_ids", "segment_ids")  # (B, T) each
        x = self.projection_dropout(self.embed(**inputs))  # (B, T, E)
        for layer in self.fourier_layers:
            x = layer(x)  # (B, T, E)
        super().__init__(inputs=inputs, outputs=self.outputs_of(x), dtype=dtype, **kwargs)
