"""A head as another author would write it, for trying a backbone with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from modelry.tasks.base.head import Head

if TYPE_CHECKING:
    from collections.abc import Mapping


class GatedMaxHead(Head):
    """Classifies by the largest value that each feature has in a text, scaled by a gate of its mean.

    Args:
        num_classes: The number of classes.
        activation: The activation of the scores.
        dropout: The rate of dropout before the last layer.
        gate_dim: The size of the gate's hidden layer.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(
        self, num_classes: int, activation: str | None = None, dropout: float = 0.1, gate_dim: int = 4, **kwargs: Any
    ) -> None:
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.gate_dim = gate_dim
        self.gate = keras.layers.Dense(gate_dim, activation="tanh", dtype=self.dtype_policy, name="gate")
        self.gate_output = keras.layers.Dense(1, activation="sigmoid", dtype=self.dtype_policy, name="gate_output")
        self.output_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="output_dropout")
        self.scores = keras.layers.Dense(
            num_classes, activation=self.activation, dtype=self.dtype_policy, name="scores"
        )

    def call(self, outputs: Mapping[str, Any], padding_mask: Any = None, training: bool | None = None) -> Any:
        """Return scores, `(batch, num_classes)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        mask = ops.ones_like(states[:, :, 0]) if padding_mask is None else padding_mask  # (B, T)
        real = ops.not_equal(mask, 0)[:, :, None]  # (B, T, 1)
        count = ops.sum(ops.cast(real, states.dtype), axis=1)  # (B, 1)
        mean = ops.sum(ops.where(real, states, ops.zeros_like(states)), axis=1) / count  # (B, E)
        largest = ops.max(ops.where(real, states, ops.full_like(states, -1e4)), axis=1)  # (B, E)
        gated = largest * self.gate_output(self.gate(mean))  # (B, E)
        return self.scores(self.output_dropout(gated, training=training))  # (B, C)
