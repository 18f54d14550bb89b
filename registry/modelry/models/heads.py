"""Heads that turn a text into one vector first; those here fit any backbone that has the outputs they read."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from modelry.errors import InputError
from modelry.models.head import Head

if TYPE_CHECKING:
    from collections.abc import Mapping


class PooledHead(Head, abc.ABC):
    """Pools the hidden states of a text into one vector, then applies dropout and a dense layer.

    Args:
        num_classes: The number of classes.
        activation: The activation of the scores: `"linear"` (logits; also `None`), `"softmax"` or `"sigmoid"`.
        dropout: The rate of dropout before the dense layer.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(self, num_classes: int, activation: str | None = None, dropout: float = 0.1, **kwargs: Any) -> None:
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.output_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="output_dropout")
        self.output_dense = keras.layers.Dense(
            num_classes,
            activation=self.activation,
            kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            dtype=self.dtype_policy,
            name="logits",
        )

    @abc.abstractmethod
    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return one vector per text, `(batch, hidden_dim)`; the arguments are those of `call`."""

    def call(self, outputs: Mapping[str, Any], padding_mask: Any = None, training: bool | None = None) -> Any:
        """Return scores, `(batch, num_classes)`; see `Head.call`."""
        x = self.pool(outputs, padding_mask)  # (B, E)
        return self.output_dense(self.output_dropout(x, training=training))  # (B, C)


class FirstTokenHead(PooledHead):
    """Classifies by the hidden state of the first token, which BERT-like encoders are trained to sum a text up in."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the first hidden state of each text, `(batch, hidden_dim)`."""
        return outputs["sequence_output"][:, 0]


class MeanPoolHead(PooledHead):
    """Classifies by the mean of the hidden states of all real tokens, as sentence embeddings do."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the mean hidden state of each text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        if padding_mask is None:
            return ops.mean(states, axis=1)
        weights = ops.cast(ops.not_equal(padding_mask, 0), states.dtype)[:, :, None]  # (B, T, 1)
        return ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)


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
