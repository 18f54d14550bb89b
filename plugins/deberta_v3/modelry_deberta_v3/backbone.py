"""DeBERTa-v3's encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import keras

from modelry.backbones import Backbone, id_inputs
from modelry.layers import attention_mask, bert_initializer
from modelry_deberta_v3.disentangled_attention import DisentangledAttentionEncoder, RelativeEmbedding

if TYPE_CHECKING:
    from collections.abc import Mapping


class DebertaV3Backbone(Backbone):
    """A DeBERTa-v3 encoder, whose tokens know how far they are from each other, and not where they are.

    Reference: [He et al., 2021](https://arxiv.org/abs/2111.09543).

    Inputs: `token_ids` and `padding_mask`, each int of shape `(batch, length)`.
    Output: `sequence_output`, `(batch, length, hidden_dim)`.

    ```python
    backbone = DebertaV3Backbone(
        vocabulary_size=128100, num_layers=2, num_heads=2, hidden_dim=128, intermediate_dim=512
    )
    ones = np.ones((1, 12), "int32")
    backbone({"token_ids": ones, "padding_mask": ones})["sequence_output"]  # (1, 12, 128)
    ```

    Args:
        vocabulary_size: The number of tokens (V).
        num_layers: The number of encoder layers.
        num_heads: The number of attention heads of each layer; it must divide `hidden_dim`.
        hidden_dim: The size of a hidden state (E).
        intermediate_dim: The size of the feed-forward networks' inner layer.
        dropout: The rate of dropout.
        max_sequence_length: The greatest number of tokens of a text.
        bucket_size: The number of buckets for distances of one sign.
        activation: The feed-forward networks' activation: a Keras name, or `"gelu_approximate"`.
        layer_norm_epsilon: What layer normalization adds to the variance.
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.
    """

    keras_hub_class = "DebertaV3Backbone"
    keras_hub_fixed: ClassVar[Mapping[str, Any]] = {"activation": "gelu", "layer_norm_epsilon": 1e-7}
    supports_packing = True

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        dropout: float = 0.1,
        max_sequence_length: int = 512,
        bucket_size: int = 256,
        activation: str = "gelu",
        layer_norm_epsilon: float = 1e-7,
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
        self.bucket_size = bucket_size
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon

        self.token_embedding = keras.layers.ReversibleEmbedding(
            vocabulary_size, hidden_dim, embeddings_initializer=bert_initializer(), dtype=dtype, name="token_embedding"
        )
        self.embeddings_layer_norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon, dtype=dtype, name="embeddings_layer_norm"
        )
        self.embeddings_dropout = keras.layers.Dropout(dropout, dtype=dtype, name="embeddings_dropout")
        self.relative_embeddings = RelativeEmbedding(
            hidden_dim,
            bucket_size,
            max_sequence_length,
            layer_norm_epsilon=layer_norm_epsilon,
            kernel_initializer=bert_initializer(),
            dtype=dtype,
            name="rel_embedding",
        )
        self.transformer_layers = [
            DisentangledAttentionEncoder(
                num_heads,
                intermediate_dim,
                dropout=dropout,
                activation=activation,
                layer_norm_epsilon=layer_norm_epsilon,
                kernel_initializer=bert_initializer(),
                dtype=dtype,
                name=f"disentangled_attention_encoder_layer_{index}",
            )
            for index in range(num_layers)
        ]

        inputs = id_inputs("token_ids", "padding_mask")  # (B, T) each
        super().__init__(inputs=inputs, outputs=self.outputs_of(self.encode(**inputs)), dtype=dtype, **kwargs)

    def encode(self, token_ids: Any, padding_mask: Any, positions: Any = None, document_ids: Any = None) -> Any:
        """Return the hidden states, `(batch, length, hidden_dim)`.

        Args:
            token_ids: Token ids, `(batch, length)`.
            padding_mask: Nonzero for real tokens, `(batch, length)`.
            positions: Not used: tokens of one text are as far from each other in a row that several texts share.
            document_ids: For such rows: the text each token belongs to, `(batch, length)`.
        """
        x = self.token_embedding(token_ids)  # (B, T, E)
        x = self.embeddings_dropout(self.embeddings_layer_norm(x))
        distances, buckets = self.relative_embeddings(x)  # (1, N, E), (T, T)
        mask = attention_mask(padding_mask, document_ids)  # (B, 1, 1 or T, T)
        for layer in self.transformer_layers:
            x = layer(x, distances, buckets, attention_mask=mask)  # (B, T, E)
        return x
