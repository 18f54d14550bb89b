"""RoFormer-V2's encoder."""

from __future__ import annotations

from typing import Any

import keras

from modelry.backbones import Backbone, id_inputs
from modelry.layers import RotaryEmbedding, RotaryEncoder, attention_mask, bert_initializer

EPSILON = 1e-7


class RoformerNorm(keras.layers.RMSNormalization):
    """Root-mean-square normalization; its class name is part of KerasHub's file format."""


class RoformerV2Encoder(RotaryEncoder):
    """A post-norm encoder layer; the arguments are those of `RotaryEncoder`.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).
    """

    norm_first = False
    neighbours = True

    def create_norm(self, name: str) -> keras.layers.Layer:
        """Return a root-mean-square normalization."""
        return RoformerNorm(epsilon=EPSILON, dtype=self.dtype_policy, name=name)


class RoformerV2Backbone(Backbone):
    """A RoFormer-V2 encoder: BERT's with rotary positions, root-mean-square normalization, and without biases.

    References: [Su et al., 2021](https://arxiv.org/abs/2104.09864) on RoFormer;
    [Su et al., 2022](https://github.com/ZhuiyiTechnology/roformer-v2) on its second version.

    KerasHub's class takes no `padding_mask`, makes one of `token_ids`, and applies it on PyTorch only; on JAX and
    TensorFlow, padding changes its outputs.

    Inputs: `token_ids`, `segment_ids` and `padding_mask`, each int of shape `(batch, length)`.
    Outputs: `sequence_output`, `(batch, length, hidden_dim)`.

    Args:
        vocabulary_size: The number of tokens (V).
        num_layers: The number of encoder layers.
        num_heads: The number of attention heads of each layer.
        hidden_dim: The size of a hidden state (E).
        intermediate_dim: The size of the feed-forward networks' inner layer.
        head_size: The size of an attention head; even.
        use_bias: Whether dense layers have biases.
        activation: The feed-forward networks' activation, by name.
        dropout: The rate of dropout.
        num_segments: The number of segments.
        dtype: The dtype policy; `None` for Keras' global one.
        max_wavelength: The greatest wavelength of the rotary positions, in tokens over 2π.
        **kwargs: `name`, `trainable`.

    Raises:
        InputError: `head_size` is odd, or too large.
    """

    keras_hub_class = "RoformerV2Backbone"
    supports_packing = True

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        head_size: int,
        use_bias: bool = False,
        activation: str = "relu",
        dropout: float = 0.1,
        num_segments: int = 2,
        dtype: Any = None,
        max_wavelength: float = 10_000,
        **kwargs: Any,
    ) -> None:
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.head_size = head_size
        self.use_bias = use_bias
        self.activation = activation
        self.dropout = dropout
        self.num_segments = num_segments
        self.max_wavelength = max_wavelength

        self.token_embedding = keras.layers.ReversibleEmbedding(
            vocabulary_size, hidden_dim, embeddings_initializer=bert_initializer(), dtype=dtype, name="token_embedding"
        )
        self.segment_embedding = keras.layers.Embedding(
            num_segments, hidden_dim, embeddings_initializer=bert_initializer(), dtype=dtype, name="segment_embedding"
        )
        self.embeddings_layer_norm = RoformerNorm(epsilon=EPSILON, dtype=dtype, name="embeddings_layer_norm")
        self.embeddings_dropout = keras.layers.Dropout(dropout, dtype=dtype, name="embeddings_dropout")
        self.rotary_embedding = RotaryEmbedding(head_size, max_wavelength, dtype=dtype, name="rotary_embedding")
        self.transformer_layers = [
            RoformerV2Encoder(
                num_heads=num_heads,
                head_dim=head_size,
                intermediate_dim=intermediate_dim,
                dropout=dropout,
                activation=activation,
                attention_bias=use_bias,
                feedforward_bias=use_bias,
                kernel_initializer=bert_initializer(),
                dtype=dtype,
                name=f"transformer_layer_{index}",
            )
            for index in range(num_layers)
        ]

        inputs = id_inputs("token_ids", "segment_ids", "padding_mask")  # (B, T) each
        super().__init__(inputs=inputs, outputs=self.outputs_of(self.encode(**inputs)), dtype=dtype, **kwargs)

    def encode(
        self, token_ids: Any, segment_ids: Any, padding_mask: Any, positions: Any = None, document_ids: Any = None
    ) -> Any:
        """Return the hidden states, `(batch, length, hidden_dim)`; see `Backbone.encode`."""
        x = self.token_embedding(token_ids) + self.segment_embedding(segment_ids)  # (B, T, E)
        x = self.embeddings_dropout(self.embeddings_layer_norm(x))
        rotations = self.rotary_embedding(x, positions=positions)  # (1 or B, T, 1, D / 2) each
        mask = attention_mask(padding_mask, document_ids)  # (B, 1, 1 or T, T)
        for layer in self.transformer_layers:
            x = layer(x, rotations=rotations, attention_mask=mask)  # (B, T, E)
        return x
