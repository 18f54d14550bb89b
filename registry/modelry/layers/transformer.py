"""Self-attention, and the layer of a transformer encoder around it."""

from __future__ import annotations

from typing import Any

import keras
from attrs import frozen
from keras import ops

from modelry.errors import InputError
from modelry.layers.functions import activation as activation_function
from modelry.layers.functions import bert_initializer, own_initializer


class SelfAttention(keras.layers.Layer):
    """Scaled dot-product self-attention with several heads.

    Reference: [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762).

    Args:
        num_heads: The number of heads (H).
        head_dim: The size of each (D).
        dropout: The rate of dropout on the attention probabilities.
        kernel_initializer: The initializer of the kernels.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(
        self, num_heads: int, head_dim: int, dropout: float, kernel_initializer: Any = "glorot_uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.head_dim = head_dim
        self.dropout = dropout
        self.kernel_initializer = kernel_initializer
        heads = {"num_heads": num_heads, "head_dim": head_dim, "kernel_initializer": kernel_initializer}
        self.query_dense = heads_dense("query", **heads, dtype=self.dtype_policy)
        self.key_dense = heads_dense("key", **heads, dtype=self.dtype_policy)
        self.value_dense = heads_dense("value", **heads, dtype=self.dtype_policy)
        self.attention_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="attention_dropout")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights for inputs of shape `(batch, length, hidden_dim)`."""
        self.output_dense = keras.layers.EinsumDense(
            # D is called K here: JAX sums over axes in the order of their letters, and where that is not the order in
            # the kernel, it makes a rearranged copy of all kernels for each batch.
            "BTHK,HKE->BTE",
            output_shape=(None, input_shape[-1]),
            bias_axes="E",
            kernel_initializer=own_initializer(self.kernel_initializer),
            dtype=self.dtype_policy,
            name="attention_output",
        )
        for dense in (self.query_dense, self.key_dense, self.value_dense):
            dense.build(input_shape)
        self.output_dense.build((*input_shape[:-1], self.num_heads, self.head_dim))

    def call(self, x: Any, attention_mask: Any = None, training: bool | None = None) -> Any:
        """Attend.

        Args:
            x: Hidden states, `(batch, length, hidden_dim)`.
            attention_mask: True where a query (third axis) may see a key (last axis), `(batch, 1, 1 or length,
                length)` bool. `None` lets every token see every other.
            training: Whether dropout is active.

        Returns:
            Hidden states, `(batch, length, hidden_dim)`.
        """
        query = self.query_dense(x)  # (B, T, H, D)
        key = self.key_dense(x)  # (B, S, H, D)
        value = self.value_dense(x)  # (B, S, H, D)
        dropout = self.attention_dropout if training and self.dropout else None
        return self.output_dense(attend(query, key, value, attention_mask, dropout))  # (B, T, E)

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], attention_mask_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape


def split_heads(hidden_dim: int | None, num_heads: int) -> int:
    """Return the size of an attention head.

    Raises:
        InputError: A hidden state cannot be split into heads of equal size.
    """
    if hidden_dim is None or hidden_dim % num_heads:
        raise InputError(f"hidden_dim={hidden_dim} cannot be split into num_heads={num_heads} equal heads.")
    return hidden_dim // num_heads


def heads_dense(
    name: str, num_heads: int, head_dim: int, kernel_initializer: Any, dtype: Any = None
) -> keras.layers.EinsumDense:
    """Return a dense layer from hidden states, `(batch, length, hidden_dim)`, to heads, `(batch, length, H, D)`."""
    return keras.layers.EinsumDense(
        "BTE,EHD->BTHD",
        output_shape=(None, num_heads, head_dim),
        bias_axes="HD",
        kernel_initializer=own_initializer(kernel_initializer),
        dtype=dtype,
        name=name,
    )


def attention_mask(padding_mask: Any, document_ids: Any = None) -> Any:
    """Return which tokens may see which.

    Args:
        padding_mask: Nonzero for real tokens, `(batch, length)`.
        document_ids: For rows that hold several texts, the text that each token belongs to, `(batch, length)`, 0 for
            padding; tokens of different texts then do not see each other.

    Returns:
        A bool tensor, `(batch, 1, 1, length)`, or `(batch, 1, length, length)` with `document_ids`.
    """
    if document_ids is not None:  # padding is a text of its own, whose states nobody reads
        return ops.equal(document_ids[:, :, None], document_ids[:, None, :])[:, None]  # (B, 1, T, S)
    return ops.not_equal(padding_mask, 0)[:, None, None, :]  # (B, 1, 1, S)


def attend(
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    dropout: keras.layers.Dropout | None = None,
    bias: Any = None,
    scale: float | None = None,
) -> Any:
    """Return the values that each query attends to, `(batch, length, H, D)`.

    Args:
        query: Queries, `(batch, length, H, D)`.
        key: Keys, of the same shape.
        value: Values, of the same shape.
        mask: True where a query may see a key, `(batch, 1, 1 or length, length)` bool; `None` for everywhere.
        dropout: What drops attention probabilities out; `None` for nothing, which is faster.
        bias: What is added to the scores of queries (third axis) and keys (last axis), `(batch, H, length, length)`.
        scale: What queries are multiplied by; `None` for `D ** -0.5`.
    """
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    if dropout is not None:  # no backend's fused attention drops out
        return _attend_with_dropout(query, key, value, mask, bias, scale, dropout)
    if keras.backend.backend() == "torch":
        return _attend_on_torch(query, key, value, mask, bias, scale)
    return ops.dot_product_attention(query, key, value, bias=bias, mask=mask, scale=scale)


def _attend_with_dropout(
    query: Any, key: Any, value: Any, mask: Any, bias: Any, scale: float, dropout: keras.layers.Dropout
) -> Any:
    scores = ops.einsum("BTHD,BSHD->BHTS", query * scale, key)  # (B, H, T, S)
    scores = ops.cast(scores if bias is None else scores + bias, "float32")
    if mask is not None:
        # Large enough to vanish in the softmax, small enough that a row with nothing to see stays finite.
        scores = ops.where(mask, scores, -1e9)
    probabilities = dropout(ops.cast(ops.softmax(scores), value.dtype), training=True)
    return ops.einsum("BHTS,BSHD->BTHD", probabilities, value)


def _attend_on_torch(query: Any, key: Any, value: Any, mask: Any, bias: Any, scale: float) -> Any:
    # Keras copies all three into another order first, which PyTorch does not need, and which takes as long as this.
    import torch

    if mask is not None:
        least = torch.finfo(query.dtype).min / 2  # finite: see above
        bias = torch.where(mask, 0.0 if bias is None else bias, least).to(query.dtype)
    query, key, value = (heads.transpose(1, 2) for heads in (query, key, value))  # (B, H, T, D)
    attended = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=scale)
    return attended.transpose(1, 2)


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
