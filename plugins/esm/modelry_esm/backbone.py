"""ESM-2's encoder of proteins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import keras
from keras import ops

from modelry.backbones import Backbone, id_inputs
from modelry.errors import InputError
from modelry.layers import (
    PositionEmbedding,
    RotaryEmbedding,
    RotaryEncoder,
    attention_mask,
    bert_initializer,
    split_heads,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


HIDDEN_IN_TRAINING = 0.15 * 0.8  # the share of tokens that ESM's training replaced by the mask token


class ESMEncoder(RotaryEncoder):
    """A pre-norm encoder layer; its class name is part of KerasHub's file format.

    Reference: [Lin et al., 2023](https://doi.org/10.1126/science.ade2574).

    Args:
        layer_norm_epsilon: What layer normalization adds to the variance.
        **kwargs: The arguments of `RotaryEncoder`.
    """

    def __init__(self, layer_norm_epsilon: float = 1e-12, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer_norm_epsilon = layer_norm_epsilon

    def create_norm(self, name: str) -> keras.layers.Layer:
        """Return a layer normalization."""
        return keras.layers.LayerNormalization(epsilon=self.layer_norm_epsilon, dtype=self.dtype_policy, name=name)


class TokenDropout(keras.layers.Layer):
    """Makes zeros of the embeddings of hidden tokens, and all others greater, as dropout would.

    They become so much greater that their sum is what it was in training, where a certain share of tokens was hidden;
    so it changes the embeddings of a text without hidden tokens, too.

    Args:
        mask_token_id: The id of the token that hides another.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(self, mask_token_id: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_token_id = mask_token_id

    def call(self, x: Any, token_ids: Any, padding_mask: Any, document_ids: Any = None) -> Any:
        """Return the changed embeddings, `(batch, length, hidden_dim)`.

        Args:
            x: Token embeddings, `(batch, length, hidden_dim)`.
            token_ids: Token ids, `(batch, length)`.
            padding_mask: Nonzero for real tokens, `(batch, length)`.
            document_ids: For rows that hold several texts: the text each token belongs to, `(batch, length)`.
        """
        hidden = ops.equal(token_ids, self.mask_token_id)  # (B, T)
        real = ops.cast(ops.not_equal(padding_mask, 0), "float32")
        counted = ops.cast(hidden, "float32") * real
        if document_ids is None:
            number, length = (ops.sum(one, axis=1, keepdims=True) for one in (counted, real))  # (B, 1)
        else:
            together = ops.cast(ops.equal(document_ids[:, :, None], document_ids[:, None, :]), "float32")  # (B, T, T)
            number, length = (ops.einsum("BTS,BS->BT", together, one) for one in (counted, real))  # (B, T)
        scale = (1 - HIDDEN_IN_TRAINING) * length / ops.maximum(length - number, 1)
        return ops.where(hidden[:, :, None], 0, x * ops.cast(scale, x.dtype)[:, :, None])

    def compute_output_shape(self, x_shape: tuple[int | None, ...], *_: Any, **__: Any) -> tuple[int | None, ...]:
        """Return the shape of the embeddings, which stays the same."""
        return x_shape


POSITIONS = ("rotary", "absolute")


class ESMBackbone(Backbone):
    """An ESM encoder, of the first generation (absolute positions) or of the second one (rotary positions).

    References: [Rives et al., 2021](https://doi.org/10.1073/pnas.2016239118) on ESM-1b;
    [Lin et al., 2023](https://doi.org/10.1126/science.ade2574) on ESM-2.

    KerasHub's class takes no `padding_mask`, makes one of `token_ids`, and applies it on PyTorch only; on JAX and
    TensorFlow, padding changes its outputs. It has no `dropped_token_id`, with which ESM was trained.

    Inputs: `token_ids` and `padding_mask`, each int of shape `(batch, length)`.
    Outputs: `sequence_output`, `(batch, length, hidden_dim)`.

    Args:
        vocabulary_size: The number of tokens (V).
        num_layers: The number of encoder layers.
        num_heads: The number of attention heads of each layer; it must divide `hidden_dim`.
        hidden_dim: The size of a hidden state (E).
        intermediate_dim: The size of the feed-forward networks' inner layer.
        use_bias: Whether dense layers have biases.
        activation: The feed-forward networks' activation, by name.
        dropout: The rate of dropout.
        dtype: The dtype policy; `None` for Keras' global one.
        max_sequence_length: The number of absolute positions, including those before `pad_token_id`.
        max_wavelength: The greatest wavelength of rotary positions, in tokens over 2π.
        layer_norm_eps: What layer normalization adds to the variance.
        use_pre_layer_norm: Whether the embeddings are normalized.
        position_embedding_type: `"rotary"` or `"absolute"`.
        pad_token_id: The id of the token that fills rows up, which is also the first absolute position.
        dropped_token_id: The id of the token that hides another, if embeddings depend on how many there are; see
            `TokenDropout`. `None` leaves embeddings as they are.
        **kwargs: `name`, `trainable`.

    Raises:
        InputError: `position_embedding_type` is neither, or `hidden_dim` cannot be split into heads.
    """

    keras_hub_class = "ESMBackbone"
    keras_hub_fixed: ClassVar[Mapping[str, Any]] = {"dropped_token_id": None}
    supports_packing = True

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        use_bias: bool = True,
        activation: str = "gelu",
        dropout: float = 0.1,
        dtype: Any = None,
        max_sequence_length: int = 1024,
        max_wavelength: float = 10_000,
        layer_norm_eps: float = 1e-12,
        use_pre_layer_norm: bool = False,
        position_embedding_type: str = "rotary",
        pad_token_id: int = 0,
        dropped_token_id: int | None = None,
        **kwargs: Any,
    ) -> None:
        if position_embedding_type not in POSITIONS:
            raise InputError(
                f"position_embedding_type={position_embedding_type!r} is unknown; choose one of "
                f"{', '.join(map(repr, POSITIONS))}."
            )
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.use_bias = use_bias
        self.activation = activation
        self.dropout = dropout
        self.max_sequence_length = max_sequence_length
        self.max_wavelength = max_wavelength
        self.layer_norm_eps = layer_norm_eps
        self.use_pre_layer_norm = use_pre_layer_norm
        self.position_embedding_type = position_embedding_type
        self.pad_token_id = pad_token_id
        self.dropped_token_id = dropped_token_id

        head_dim = split_heads(hidden_dim, num_heads)
        self.token_embedding = keras.layers.Embedding(
            vocabulary_size, hidden_dim, embeddings_initializer=bert_initializer(), dtype=dtype, name="token_embedding"
        )
        if dropped_token_id is not None:
            self.token_dropout = TokenDropout(dropped_token_id, dtype=dtype, name="token_dropout")
        if position_embedding_type == "absolute":
            self.position_embedding = PositionEmbedding(
                max_sequence_length, bert_initializer(), dtype=dtype, name="position_embedding"
            )
        else:
            self.rotary_embedding = RotaryEmbedding(head_dim, max_wavelength, dtype=dtype, name="rotary_embedding")
        if use_pre_layer_norm:
            self.emb_layer_norm = keras.layers.LayerNormalization(
                epsilon=layer_norm_eps, dtype=dtype, name="emb_layer_norm"
            )
        self.transformer_layers = [
            ESMEncoder(
                num_heads=num_heads,
                head_dim=head_dim,
                intermediate_dim=intermediate_dim,
                dropout=dropout,
                activation=activation,
                attention_bias=use_bias,
                feedforward_bias=use_bias,
                layer_norm_epsilon=layer_norm_eps,
                kernel_initializer=bert_initializer(),
                dtype=dtype,
                name=f"transformer_layer_{index}",
            )
            for index in range(num_layers)
        ]
        self.output_layer_norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_eps, dtype=dtype, name="output_layer_norm"
        )

        inputs = id_inputs("token_ids", "padding_mask")  # (B, T) each
        super().__init__(inputs=inputs, outputs=self.outputs_of(self.encode(**inputs)), dtype=dtype, **kwargs)

    def encode(self, token_ids: Any, padding_mask: Any, positions: Any = None, document_ids: Any = None) -> Any:
        """Return the hidden states, `(batch, length, hidden_dim)`; see `Backbone.encode`."""
        x = self.token_embedding(token_ids)  # (B, T, E)
        if self.dropped_token_id is not None:
            x = self.token_dropout(x, token_ids, padding_mask, document_ids=document_ids)
        rotations = None
        if self.position_embedding_type == "absolute":
            x = x + self.position_embedding(x, positions=positions, start=self.pad_token_id)
        else:
            rotations = self.rotary_embedding(x, positions=positions)  # (1 or B, T, 1, D / 2) each
        if self.use_pre_layer_norm:
            x = self.emb_layer_norm(x)
        mask = attention_mask(padding_mask, document_ids)  # (B, 1, 1 or T, T)
        for layer in self.transformer_layers:
            x = layer(x, rotations=rotations, attention_mask=mask)  # (B, T, E)
        return self.output_layer_norm(x)
