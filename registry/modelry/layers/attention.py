"""Multi-head self-attention."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from modelry.errors import InputError
from modelry.layers.functions import own_initializer


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
