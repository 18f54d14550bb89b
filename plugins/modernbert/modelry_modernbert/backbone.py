"""ModernBERT's encoder."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from modelry.backbones import Backbone, id_inputs
from modelry.layers import RotaryEmbedding, attention_mask, bert_initializer, split_heads
from modelry_modernbert.encoder import ModernBertEncoder


class ModernBertBackbone(Backbone):
    """A ModernBERT encoder: most of its layers see near tokens only, every third one sees all.

    Reference: [Warner et al., 2024](https://arxiv.org/abs/2412.13663).

    Inputs: `token_ids` and `padding_mask`, each int of shape `(batch, length)`.
    Outputs: `sequence_output`, `(batch, length, hidden_dim)`.

    ```python
    backbone = ModernBertBackbone(vocabulary_size=50368, num_layers=3, num_heads=2, hidden_dim=64, intermediate_dim=96)
    ones = np.ones((1, 12), "int32")
    backbone({"token_ids": ones, "padding_mask": ones})["sequence_output"]  # (1, 12, 64)
    ```

    Args:
        vocabulary_size: The number of tokens (V).
        num_layers: The number of encoder layers.
        num_heads: The number of attention heads of each layer; it must divide `hidden_dim`.
        hidden_dim: The size of a hidden state (E).
        intermediate_dim: The size of the feed-forward networks' inner layer, after its gate.
        dropout: The rate of dropout of what attention and feed-forward networks add.
        attention_dropout: The rate of dropout on the attention probabilities.
        embedding_dropout: The rate of dropout of the embeddings.
        max_sequence_length: The longest text that the model was made for, in tokens; nothing is limited by it.
        global_every: How many layers there are for one that sees all tokens; the first one does.
        local_window: How many tokens a token sees in the other layers: as many on its left as on its right, half of
            this each, and itself.
        global_wavelength: The greatest wavelength of the rotary positions where all tokens are seen.
        local_wavelength: The same for the other layers.
        activation: The feed-forward networks' activation, by name.
        layer_norm_epsilon: What layer normalization adds to the variance.
        attention_bias: Whether the dense layers of the attention have biases.
        feedforward_bias: Whether those of the feed-forward networks do.
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.

    Raises:
        InputError: `hidden_dim` cannot be split into heads of an even size.
    """

    supports_packing = True

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        max_sequence_length: int = 8192,
        global_every: int = 3,
        local_window: int = 128,
        global_wavelength: float = 160_000,
        local_wavelength: float = 10_000,
        activation: str = "gelu",
        layer_norm_epsilon: float = 1e-5,
        attention_bias: bool = False,
        feedforward_bias: bool = False,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.attention_dropout = attention_dropout
        self.embedding_dropout = embedding_dropout
        self.max_sequence_length = max_sequence_length
        self.global_every = global_every
        self.local_window = local_window
        self.global_wavelength = global_wavelength
        self.local_wavelength = local_wavelength
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon
        self.attention_bias = attention_bias
        self.feedforward_bias = feedforward_bias

        head_dim = split_heads(hidden_dim, num_heads)
        norm = {"epsilon": layer_norm_epsilon, "center": False, "dtype": dtype}
        self.token_embedding = keras.layers.ReversibleEmbedding(
            vocabulary_size, hidden_dim, embeddings_initializer=bert_initializer(), dtype=dtype, name="token_embedding"
        )
        self.embeddings_norm = keras.layers.LayerNormalization(**norm, name="embeddings_norm")
        self.embeddings_dropout = keras.layers.Dropout(embedding_dropout, dtype=dtype, name="embeddings_dropout")
        self.global_rotary = RotaryEmbedding(head_dim, global_wavelength, dtype=dtype, name="global_rotary")
        self.local_rotary = RotaryEmbedding(head_dim, local_wavelength, dtype=dtype, name="local_rotary")
        self.transformer_layers = [
            ModernBertEncoder(
                num_heads=num_heads,
                head_dim=head_dim,
                intermediate_dim=intermediate_dim,
                dropout=dropout,
                attention_dropout=attention_dropout,
                activation=activation,
                attention_bias=attention_bias,
                feedforward_bias=feedforward_bias,
                layer_norm_epsilon=layer_norm_epsilon,
                norm_attention=index > 0,
                reach=local_window // 2 if index % global_every else None,
                kernel_initializer=bert_initializer(),
                dtype=dtype,
                name=f"transformer_layer_{index}",
            )
            for index in range(num_layers)
        ]
        self.final_norm = keras.layers.LayerNormalization(**norm, name="final_norm")

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
        x = self.token_embedding(token_ids)  # (B, T, E)
        x = self.embeddings_dropout(self.embeddings_norm(x))
        texts = ops.cast(ops.not_equal(padding_mask, 0), "int32") if document_ids is None else document_ids  # (B, T)
        mask = attention_mask(padding_mask, document_ids)  # (B, 1, 1 or T, T)
        globally = {"rotations": self.global_rotary(x, positions=positions), "attention_mask": mask}
        locally = {"rotations": self.local_rotary(x, positions=positions), "attention_mask": texts}
        for index, layer in enumerate(self.transformer_layers):
            x = layer(x, **(locally if index % self.global_every else globally))  # (B, T, E)
        return self.final_norm(x)
