"""ESM's encoder layer, and what it does to the embeddings of hidden tokens."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from modelry.layers import RotaryEncoder

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
