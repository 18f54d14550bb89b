"""Attention pooling."""

import keras
from keras import ops
from modelry.tasks.text_classifier import PooledHead


class AttentionHead(PooledHead):
    """Weighs the hidden states by a learned score, and classifies their weighted mean.

    Reference: [Yang et al., 2016](https://aclanthology.org/N16-1174).

    Args:
        num_classes: The number of classes.
        activation: The activation of the scores: `"linear"` (logits; also `None`), `"softmax"` or `"sigmoid"`.
        dropout: The rate of dropout before the last layer.
        units: The size of the layer that tells what matters (U).
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(self, num_classes, activation=None, dropout=0.1, units=32, **kwargs):
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.units = units
        self.features = keras.layers.Dense(units, activation="tanh", dtype=self.dtype_policy, name="features")
        self.score = keras.layers.Dense(1, use_bias=False, dtype=self.dtype_policy, name="score")

    def pool(self, outputs, padding_mask):
        """Return one vector per text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        scores = ops.cast(self.score(self.features(states)), "float32")  # (B, T, 1)
        if padding_mask is not None:
            # Finite, so that a row of nothing but padding gives no NaN.
            scores = ops.where(ops.not_equal(padding_mask, 0)[:, :, None], scores, -1e9)
        weights = ops.cast(ops.softmax(scores, axis=1), states.dtype)  # (B, T, 1)
        return ops.sum(weights * states, axis=1)  # (B, E)
