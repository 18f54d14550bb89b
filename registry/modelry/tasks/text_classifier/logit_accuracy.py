"""The accuracy of logits that each stand for a label of its own."""

from __future__ import annotations

from typing import Any

import keras

from modelry.backbones.keras_saving import register_for_saving


class LogitAccuracy(keras.metrics.BinaryAccuracy):
    """Keras' `BinaryAccuracy` of logits, for which it takes no threshold."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Take a batch into account: labels and logits, `(batch, num_classes)` each."""
        return super().update_state(y_true, keras.ops.sigmoid(y_pred), sample_weight)


register_for_saving(LogitAccuracy)
