"""Scaled dot-product attention, on the fastest path that the backend has for it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


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
