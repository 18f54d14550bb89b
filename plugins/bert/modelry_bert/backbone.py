"""BERT's encoder."""

from __future__ import annotations

from typing import Any

import keras

from modelry.models.backbone import Backbone
from modelry.models.layers.attention import attention_mask
from modelry.models.layers.position_embedding import PositionEmbedding
from modelry.models.layers.transformer_encoder import TransformerEncoder

# What KerasHub's BertBackbone computes, whatever its config says.
KERAS_HUB_ACTIVATION = "gelu_approximate"
KERAS_HUB_EPSILON = 1e-12


class BertBackbone(Backbone):
    """A BERT encoder.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).

    Inputs: `token_ids`, `segment_ids` and `padding_mask`, each int of shape `(batch, length)`.
    Outputs: `sequence_output`, `(batch, length, hidden_dim)`, and `pooled_output`, `(batch, hidden_dim)`.

    ```python
    backbone = BertBackbone(vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=128, intermediate_dim=512)
    ones = np.ones((1, 12), "int32")
    backbone({"token_ids": ones, "segment_ids": 0 * ones, "padding_mask": ones})["pooled_output"]  # (1, 128)
    ```

    Args:
        vocabulary_size: The number of tokens (V).
        num_layers: The number of encoder layers.
        num_heads: The number of attention heads of each layer; it must divide `hidden_dim`.
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

    keras_hub_class = "BertBackbone"
    shares_rows = True

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        dropout: float = 0.1,
        max_sequence_length: int = 512,
        num_segments: int = 2,
        activation: str = KERAS_HUB_ACTIVATION,
        layer_norm_epsilon: float = KERAS_HUB_EPSILON,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.max_sequence_length = max_sequence_length
        self.num_segments = num_segments
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon

        self.token_embedding = keras.layers.ReversibleEmbedding(
            vocabulary_size, hidden_dim, embeddings_initializer=_initializer(), dtype=dtype, name="token_embedding"
        )
        self.position_embedding = PositionEmbedding(
            max_sequence_length, _initializer(), dtype=dtype, name="position_embedding"
        )
        self.segment_embedding = keras.layers.Embedding(
            num_segments, hidden_dim, embeddings_initializer=_initializer(), dtype=dtype, name="segment_embedding"
        )
        self.embeddings_layer_norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon, dtype=dtype, name="embeddings_layer_norm"
        )
        self.embeddings_dropout = keras.layers.Dropout(dropout, dtype=dtype, name="embeddings_dropout")
        self.transformer_layers = [
            TransformerEncoder(
                num_heads,
                intermediate_dim,
                dropout=dropout,
                activation=activation,
                layer_norm_epsilon=layer_norm_epsilon,
                kernel_initializer=_initializer(),
                dtype=dtype,
                name=f"transformer_layer_{index}",
            )
            for index in range(num_layers)
        ]
        self.pooled_dense = keras.layers.Dense(
            hidden_dim, activation="tanh", kernel_initializer=_initializer(), dtype=dtype, name="pooled_dense"
        )

        inputs = {
            name: keras.Input((None,), dtype="int32", name=name)  # (B, T)
            for name in ("token_ids", "segment_ids", "padding_mask")
        }
        super().__init__(inputs=inputs, outputs=self.outputs_of(self.encode(**inputs)), dtype=dtype, **kwargs)

    def encode(
        self, token_ids: Any, segment_ids: Any, padding_mask: Any, positions: Any = None, text_ids: Any = None
    ) -> Any:
        """Return the hidden states, `(batch, length, hidden_dim)`.

        Args:
            token_ids: Token ids, `(batch, length)`.
            segment_ids: The segment of each token, `(batch, length)`.
            padding_mask: Nonzero for real tokens, `(batch, length)`.
            positions: For rows that hold several texts: each token's position in its own text, `(batch, length)`.
            text_ids: For such rows: the text each token belongs to, `(batch, length)`.
        """
        tokens = self.token_embedding(token_ids)  # (B, T, E)
        segments = self.segment_embedding(segment_ids)  # (B, T, E)
        x = tokens + self.position_embedding(tokens, positions=positions) + segments  # (B, T, E)
        x = self.embeddings_dropout(self.embeddings_layer_norm(x))
        mask = attention_mask(padding_mask, text_ids)  # (B, 1, 1 or T, T)
        for layer in self.transformer_layers:
            x = layer(x, attention_mask=mask)  # (B, T, E)
        return x

    def outputs_of(self, states: Any) -> dict[str, Any]:
        """Return the outputs that belong to hidden states, `(batch, length, hidden_dim)`."""
        return {"sequence_output": states, "pooled_output": self.pooled_dense(states[:, 0])}  # (B, E)

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, whose BERT has one activation and one epsilon; `None` for all others."""
        if (self.activation, self.layer_norm_epsilon) != (KERAS_HUB_ACTIVATION, KERAS_HUB_EPSILON):
            return None
        skipped = ("activation", "layer_norm_epsilon")
        return {key: value for key, value in self.get_config().items() if key not in skipped}


def _initializer() -> keras.initializers.Initializer:
    return keras.initializers.TruncatedNormal(stddev=0.02)
