"""Backbones that most of BERT's descendants have: learned positions, with segments and without."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

import keras

from modelry.backbones.backbone import Backbone
from modelry.backbones.base_model import id_inputs
from modelry.layers.embeddings import PositionEmbedding, TokenAndPositionEmbedding
from modelry.layers.functions import bert_initializer
from modelry.layers.transformer import attention_mask, transformer_layers

if TYPE_CHECKING:
    from modelry.layers.transformer import TransformerEncoder


class TransformerBackbone(Backbone):
    """The encoder of the original transformer with learned positions; abstract.

    Reference: [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762).

    Inputs: `token_ids` and `padding_mask`, each int of shape `(batch, length)`.
    Outputs: `sequence_output`, `(batch, length, hidden_dim)`.

    Args:
        vocabulary_size: The number of tokens (V).
        num_layers: The number of encoder layers.
        num_heads: The number of attention heads of each layer; it must divide `hidden_dim`.
        hidden_dim: The size of a hidden state (E).
        intermediate_dim: The size of the feed-forward networks' inner layer.
        dropout: The rate of dropout.
        max_sequence_length: The number of positions.
        activation: The feed-forward networks' activation: a Keras name, or `"gelu_approximate"`.
        layer_norm_epsilon: What layer normalization adds to the variance; `None` for `own_epsilon`.
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.

    Attributes:
        own_epsilon: What layer normalization adds to the variance in the architecture's own models.
    """

    own_epsilon: ClassVar[float] = 1e-5
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
        activation: str = "gelu",
        layer_norm_epsilon: float | None = None,
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
        self.activation = activation
        self.layer_norm_epsilon = self.own_epsilon if layer_norm_epsilon is None else layer_norm_epsilon

        self.embeddings = TokenAndPositionEmbedding(
            vocabulary_size, max_sequence_length, hidden_dim, bert_initializer(), dtype=dtype, name="embeddings"
        )
        self.token_embedding = self.embeddings.token_embedding
        self.embeddings_layer_norm = keras.layers.LayerNormalization(
            epsilon=self.layer_norm_epsilon, dtype=dtype, name="embeddings_layer_norm"
        )
        self.embeddings_dropout = keras.layers.Dropout(dropout, dtype=dtype, name="embeddings_dropout")
        self.transformer_layers = transformer_layers(
            num_layers,
            num_heads,
            intermediate_dim,
            dropout=dropout,
            activation=activation,
            layer_norm_epsilon=self.layer_norm_epsilon,
            dtype=dtype,
        )

        inputs = id_inputs("token_ids", "padding_mask")  # (B, T) each
        super().__init__(inputs=inputs, outputs=self.outputs_of(self.encode(**inputs)), dtype=dtype, **kwargs)

    def encode(self, token_ids: Any, padding_mask: Any, positions: Any = None, document_ids: Any = None) -> Any:
        """Return the hidden states, `(batch, length, hidden_dim)`.

        Args:
            token_ids: Token ids, `(batch, length)`.
            padding_mask: Nonzero for real tokens, `(batch, length)`.
            positions: For rows that hold several texts: each token's position in its own text, `(batch, length)`.
            document_ids: For such rows: the text each token belongs to, `(batch, length)`.
        """
        x = self.embeddings(token_ids, positions=positions)  # (B, T, E)
        x = self.embeddings_dropout(self.embeddings_layer_norm(x))
        mask = attention_mask(padding_mask, document_ids)  # (B, 1, 1 or T, T)
        for layer in self.transformer_layers:
            x = layer(x, attention_mask=mask)  # (B, T, E)
        return x


class SegmentedBackbone(Backbone, abc.ABC):
    """A backbone from the sum of token, position and segment embeddings to hidden states and a pooled output; abstract.

    Inputs: `token_ids`, `segment_ids` and `padding_mask`, each int of shape `(batch, length)`.
    Outputs: `sequence_output`, `(batch, length, hidden_dim)`, and `pooled_output`, `(batch, hidden_dim)`.

    A subclass calls `create_embeddings` in its constructor, and creates `transformer_layers` or has an `encode` of its
    own that begins with `embed`.

    Attributes:
        transformer_layers: The layers of the encoder.
    """

    transformer_layers: list[TransformerEncoder]

    def create_embeddings(
        self,
        *,
        vocabulary_size: int,
        max_sequence_length: int,
        num_segments: int,
        embedding_dim: int,
        hidden_dim: int,
        project: bool,
        dropout: float,
        layer_norm_epsilon: float,
        dtype: Any,
    ) -> None:
        """Create the layers before and after those of the encoder.

        Args:
            vocabulary_size: The number of tokens (V).
            max_sequence_length: The number of positions.
            num_segments: The number of segments.
            embedding_dim: The size of the embeddings (D).
            hidden_dim: The size of the hidden states (E).
            project: Whether a dense layer projects embeddings to the size of hidden states.
            dropout: The rate of dropout.
            layer_norm_epsilon: What layer normalization adds to the variance.
            dtype: The dtype policy.
        """
        self.token_embedding = keras.layers.ReversibleEmbedding(
            vocabulary_size,
            embedding_dim,
            embeddings_initializer=bert_initializer(),
            dtype=dtype,
            name="token_embedding",
        )
        self.position_embedding = PositionEmbedding(
            max_sequence_length, bert_initializer(), dtype=dtype, name="position_embedding"
        )
        self.segment_embedding = keras.layers.Embedding(
            num_segments,
            embedding_dim,
            embeddings_initializer=bert_initializer(),
            dtype=dtype,
            name="segment_embedding",
        )
        self.embeddings_layer_norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon, dtype=dtype, name="embeddings_layer_norm"
        )
        self.embeddings_dropout = keras.layers.Dropout(dropout, dtype=dtype, name="embeddings_dropout")
        self.embeddings_projection: keras.layers.Dense | None = None
        if project:
            self.embeddings_projection = keras.layers.Dense(
                hidden_dim, kernel_initializer=bert_initializer(), dtype=dtype, name="embeddings_projection"
            )
        self.pooled_dense = keras.layers.Dense(
            hidden_dim, activation="tanh", kernel_initializer=bert_initializer(), dtype=dtype, name="pooled_dense"
        )

    def encode(
        self, token_ids: Any, segment_ids: Any, padding_mask: Any, positions: Any = None, document_ids: Any = None
    ) -> Any:
        """Return the hidden states, `(batch, length, hidden_dim)`.

        Args:
            token_ids: Token ids, `(batch, length)`.
            segment_ids: The segment of each token, `(batch, length)`.
            padding_mask: Nonzero for real tokens, `(batch, length)`.
            positions: For rows that hold several texts: each token's position in its own text, `(batch, length)`.
            document_ids: For such rows: the text each token belongs to, `(batch, length)`.
        """
        x = self.embed(token_ids, segment_ids, positions)  # (B, T, E)
        mask = attention_mask(padding_mask, document_ids)  # (B, 1, 1 or T, T)
        for layer in self.transformer_layers:
            x = layer(x, attention_mask=mask)  # (B, T, E)
        return x

    def embed(self, token_ids: Any, segment_ids: Any, positions: Any = None) -> Any:
        """Return what the encoder starts from, `(batch, length, hidden_dim)`; the arguments are those of `encode`."""
        tokens = self.token_embedding(token_ids)  # (B, T, D)
        segments = self.segment_embedding(segment_ids)  # (B, T, D)
        x = tokens + self.position_embedding(tokens, positions=positions) + segments  # (B, T, D)
        x = self.embeddings_dropout(self.embeddings_layer_norm(x))  # (B, T, D)
        return x if self.embeddings_projection is None else self.embeddings_projection(x)  # (B, T, E)

    def outputs_of(self, states: Any) -> dict[str, Any]:
        """Return the outputs that belong to hidden states, `(batch, length, hidden_dim)`."""
        return {"sequence_output": states, "pooled_output": self.pooled_dense(states[:, 0])}  # (B, E)
