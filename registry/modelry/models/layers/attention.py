"""Multi-head self-attention."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


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
        heads, policy = (None, num_heads, head_dim), self.dtype_policy
        into_heads = {"output_shape": heads, "bias_axes": "HD", "kernel_initializer": kernel_initializer}
        self.query_dense = keras.layers.EinsumDense("BTE,EHD->BTHD", **into_heads, dtype=policy, name="query")
        self.key_dense = keras.layers.EinsumDense("BTE,EHD->BTHD", **into_heads, dtype=policy, name="key")
        self.value_dense = keras.layers.EinsumDense("BTE,EHD->BTHD", **into_heads, dtype=policy, name="value")
        self.attention_dropout = keras.layers.Dropout(dropout, dtype=policy, name="attention_dropout")
        self.kernel_initializer = kernel_initializer

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights for inputs of shape `(batch, length, hidden_dim)`."""
        self.output_dense = keras.layers.EinsumDense(
            # D is called K here: JAX sums over axes in the order of their letters, and where that is not the order in
            # the kernel, it makes a rearranged copy of all kernels for each batch.
            "BTHK,HKE->BTE",
            output_shape=(None, input_shape[-1]),
            bias_axes="E",
            kernel_initializer=self.kernel_initializer,
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
        if training and self.dropout:  # no backend's fused attention drops out
            attended = self._attend(query, key, value, attention_mask)  # (B, T, H, D)
        else:
            attended = _attend_fused(query, key, value, attention_mask)  # (B, T, H, D)
        return self.output_dense(attended)  # (B, T, E)

    def _attend(self, query: Any, key: Any, value: Any, attention_mask: Any) -> Any:
        scores = ops.cast(ops.einsum("BTHD,BSHD->BHTS", query * self.head_dim**-0.5, key), "float32")  # (B, H, T, S)
        if attention_mask is not None:
            # Large enough to vanish in the softmax, small enough that a row with nothing to see stays finite.
            scores = ops.where(attention_mask, scores, -1e9)
        probabilities = ops.cast(ops.softmax(scores), self.compute_dtype)
        probabilities = self.attention_dropout(probabilities, training=True)
        return ops.einsum("BHTS,BSHD->BTHD", probabilities, value)

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], attention_mask_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape


def _attend_fused(query: Any, key: Any, value: Any, mask: Any) -> Any:
    if keras.backend.backend() != "torch":
        return ops.dot_product_attention(query, key, value, mask=mask)
    # Keras copies all three into another order first, which PyTorch does not need, and which takes as long as this.
    import torch

    if mask is not None:
        mask = torch.where(mask, 0.0, torch.finfo(query.dtype).min / 2).to(query.dtype)  # finite: see above
    query, key, value = (heads.transpose(1, 2) for heads in (query, key, value))  # (B, H, T, D)
    return torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2)


def attention_mask(padding_mask: Any, text_ids: Any = None) -> Any:
    """Return which tokens may see which.

    Args:
        padding_mask: Nonzero for real tokens, `(batch, length)`.
        text_ids: For rows that hold several texts, the text that each token belongs to, `(batch, length)`, 0 for
            padding; tokens of different texts then do not see each other.

    Returns:
        A bool tensor, `(batch, 1, 1, length)`, or `(batch, 1, length, length)` with `text_ids`.
    """
    if text_ids is not None:  # padding is a text of its own, whose states nobody reads
        return ops.equal(text_ids[:, :, None], text_ids[:, None, :])[:, None]  # (B, 1, T, S)
    return ops.not_equal(padding_mask, 0)[:, None, None, :]  # (B, 1, 1, S)
