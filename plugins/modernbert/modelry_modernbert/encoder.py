"""ModernBERT's encoder layer, with attention to all tokens or to a window."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from modelry.layers import RotaryAttention, RotaryEncoder, attend


class LocalAttention(RotaryAttention):
    """Attention of tokens of the same text that stand near each other.

    References: [Beltagy et al., 2020](https://arxiv.org/abs/2004.05150);
    [Warner et al., 2024](https://arxiv.org/abs/2412.13663).

    Its `attention_mask` is the number of the text that each token belongs to, `(batch, length)` int.

    Args:
        reach: How far apart two tokens may stand that see each other.
        **kwargs: The arguments of `RotaryAttention`.
    """

    def __init__(self, reach: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reach = reach

    def attend(self, query: Any, key: Any, value: Any, attention_mask: Any, dropout: Any) -> Any:
        """Return what each token sees, `(batch, length, heads, head_dim)`."""
        length, block = ops.shape(query)[1], max(self.reach, 1)
        if not isinstance(length, int) or length <= 4 * block:  # below this, blocks save nothing
            places = ops.arange(length)
            near = ops.abs(places[:, None] - places[None]) <= self.reach  # (T, T)
            mask = ops.logical_and(_same(attention_mask, attention_mask), near)  # (B, T, T)
            return attend(query, key, value, mask[:, None], dropout)
        # A block of queries sees its own block of keys and those on both sides: three blocks, not the whole row.
        blocks = -(-length // block)
        near = abs(np.arange(block)[:, None] + block - np.arange(3 * block)) <= self.reach  # (W, 3 W)
        own, seen = _blocks(attention_mask, block, blocks), _neighbourhoods(attention_mask, block, blocks)
        mask = ops.logical_and(_same(own, seen), near)  # (B N, W, 3 W)
        attended = attend(
            _blocks(query, block, blocks),  # (B N, W, H, D)
            _neighbourhoods(key, block, blocks),  # (B N, 3 W, H, D)
            _neighbourhoods(value, block, blocks),
            mask[:, None],
            dropout,
        )
        return ops.reshape(attended, (-1, blocks * block, *attended.shape[2:]))[:, :length]


def _same(own: Any, seen: Any) -> Any:
    return ops.equal(own[:, :, None], seen[:, None, :])


def _blocks(x: Any, block: int, blocks: int) -> Any:
    """Cut rows, `(batch, length, …)`, into blocks, `(batch * blocks, block, …)`."""
    return ops.reshape(_padded(x, 0, blocks * block - x.shape[1]), (-1, block, *x.shape[2:]))


def _neighbourhoods(x: Any, block: int, blocks: int) -> Any:
    """Cut rows, `(batch, length, …)`, into blocks with the one before and the one after them."""
    rows = _padded(x, block, (blocks + 1) * block - x.shape[1])
    parts = ops.reshape(rows, (-1, blocks + 2, block, *x.shape[2:]))
    together = ops.concatenate([parts[:, :-2], parts[:, 1:-1], parts[:, 2:]], axis=2)  # (B, N, 3 W, …)
    return ops.reshape(together, (-1, 3 * block, *x.shape[2:]))


def _padded(x: Any, before: int, after: int) -> Any:
    # The numbers of texts are never negative, so no token sees the padding of another block.
    widths = [(0, 0), (before, after)] + [(0, 0)] * (len(x.shape) - 2)
    return ops.pad(x, widths, constant_values=-1 if len(x.shape) == 2 else 0)


class ModernBertEncoder(RotaryEncoder):
    """A pre-norm encoder layer with a gated feed-forward network.

    References: [Warner et al., 2024](https://arxiv.org/abs/2412.13663);
    [Shazeer, 2020](https://arxiv.org/abs/2002.05202) on the gate.

    Args:
        layer_norm_epsilon: What layer normalization adds to the variance.
        norm_attention: Whether there is a normalization before the attention; the embeddings already have one.
        reach: How far apart tokens may stand that see each other; see `LocalAttention`. `None` for any distance.
        **kwargs: The arguments of `RotaryEncoder`.
    """

    gated = True

    def __init__(
        self, layer_norm_epsilon: float = 1e-5, norm_attention: bool = True, reach: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.layer_norm_epsilon = layer_norm_epsilon
        self.norm_attention = norm_attention
        self.reach = reach

    def create_attention(self, **arguments: Any) -> RotaryAttention:
        """Return an attention layer that sees all tokens, or only near ones."""
        return super().create_attention(**arguments) if self.reach is None else LocalAttention(self.reach, **arguments)

    def create_norm(self, name: str) -> keras.layers.Layer:
        """Return a layer normalization without bias, or nothing before an attention that needs none."""
        if name == "attention_norm" and not self.norm_attention:
            return keras.layers.Identity(dtype=self.dtype_policy, name=name)
        return keras.layers.LayerNormalization(
            epsilon=self.layer_norm_epsilon, center=False, dtype=self.dtype_policy, name=name
        )
