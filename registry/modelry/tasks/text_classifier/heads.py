"""Heads that fit any backbone that has the outputs they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from modelry.errors import InputError
from modelry.tasks.text_classifier.head import PooledHead

if TYPE_CHECKING:
    from collections.abc import Mapping

LOWEST = -6e4  # what padding is set to before a maximum: float16 has little below it, and a text of no tokens no NaN


class FirstTokenHead(PooledHead):
    """Classifies by the hidden state of the first token, which BERT-like encoders are trained to sum a text up in."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the first hidden state of each text, `(batch, hidden_dim)`."""
        return outputs["sequence_output"][:, 0]


class LastTokenHead(PooledHead):
    """Classifies by the hidden state of the last real token, the only one of a decoder that has seen the whole text."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the last hidden state of each text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        if padding_mask is None:
            return states[:, -1]
        positions = ops.arange(ops.shape(states)[1], dtype="int32")[None]  # (1, T)
        last = ops.max(ops.where(ops.not_equal(padding_mask, 0), positions, 0), axis=1)  # (B,)
        return ops.take_along_axis(states, last[:, None, None], axis=1)[:, 0]


class MeanPoolHead(PooledHead):
    """Classifies by the mean of the hidden states of all real tokens, as sentence embeddings do."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the mean hidden state of each text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        if padding_mask is None:
            return ops.mean(states, axis=1)
        weights = ops.cast(ops.not_equal(padding_mask, 0), states.dtype)[:, :, None]  # (B, T, 1)
        return ops.sum(states * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1)


class MaxPoolHead(PooledHead):
    """Classifies by the greatest value that each feature has among all real tokens."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the greatest values of each text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        if padding_mask is not None:
            states = ops.where(ops.not_equal(padding_mask, 0)[:, :, None], states, ops.cast(LOWEST, states.dtype))
        return ops.max(states, axis=1)


class AttentionPoolHead(PooledHead):
    """Classifies by a mean of the hidden states in which each token weighs as much as it has learned to matter.

    Before training all real tokens weigh the same. A simple form of
    [Yang et al., 2016](https://aclanthology.org/N16-1174): one score for each token, without a layer before it.

    Args:
        num_classes: The number of classes.
        **kwargs: The other arguments of `PooledHead`.
    """

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        super().__init__(num_classes, **kwargs)
        self.token_scores = keras.layers.Dense(
            1, use_bias=False, kernel_initializer="zeros", dtype=self.dtype_policy, name="token_scores"
        )

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the weighted mean of each text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        scores = ops.cast(self.token_scores(states), "float32")  # (B, T, 1)
        if padding_mask is not None:
            scores = ops.where(ops.not_equal(padding_mask, 0)[:, :, None], scores, LOWEST)
        weights = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))  # ops.softmax warns of texts of one token
        weights = ops.cast(weights / ops.sum(weights, axis=1, keepdims=True), states.dtype)  # (B, T, 1)
        return ops.sum(weights * states, axis=1)


class PooledOutputHead(PooledHead):
    """Classifies by the vector that the backbone itself makes of a text, its `pooled_output`."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the pooled output, `(batch, hidden_dim)`.

        Raises:
            InputError: The backbone has none.
        """
        if "pooled_output" not in outputs:
            raise InputError(
                f"{type(self).__name__} reads a backbone's pooled_output, and this one has only {', '.join(outputs)}. "
                "Take another head, such as 'mean_pool'."
            )
        return outputs["pooled_output"]
