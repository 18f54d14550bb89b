"""Running a backbone on rows that several texts share, and a head on each text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from modelry.data.packing import DOCUMENT_IDS, DOCUMENT_LENGTHS, DOCUMENT_STARTS, POSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.backbones.backbone import Backbone
    from modelry.tasks.base.head import Head


def are_shared(inputs: Any) -> bool:
    """Return whether inputs are rows that several texts share."""
    return isinstance(inputs, dict) and DOCUMENT_STARTS in inputs


def score_shared(backbone: Backbone, head: Head, inputs: Mapping[str, Any], training: bool | None = None) -> Any:
    """Score texts that share rows. The head sees each text alone, as if it had come in a row of its own.

    Args:
        backbone: One that shares rows.
        head: Any head.
        inputs: The features of `modelry.data.packing.PackedBatch`.
        training: Whether dropout is active.

    Returns:
        Scores, `(capacity, num_classes)`.
    """
    # Layers ask the layer around them whether they are trained. On JAX Keras calls a model's `call`, not the model, so
    # without a layer here dropout would be off.
    return keras.layers.Lambda(lambda given: _score(backbone, head, given))(dict(inputs), training=training)


def _score(backbone: Backbone, head: Head, inputs: Mapping[str, Any]) -> Any:
    own = {name: inputs[name] for name in backbone.input}  # (R, T) each
    states = backbone.encode(**own, positions=inputs[POSITIONS], text_ids=inputs[DOCUMENT_IDS])  # (R, T, E)
    length, hidden_dim = ops.shape(states)[1:]
    offsets = ops.arange(length, dtype="int32")[None]  # (1, T)
    padding_mask = offsets < inputs[DOCUMENT_LENGTHS][:, None]  # (N, T)
    places = ops.where(padding_mask, inputs[DOCUMENT_STARTS][:, None] + offsets, 0)  # (N, T)
    alone = ops.take(ops.reshape(states, (-1, hidden_dim)), places, axis=0)  # (N, T, E)
    return head(backbone.outputs_of(alone), padding_mask=padding_mask)  # (N, C)
