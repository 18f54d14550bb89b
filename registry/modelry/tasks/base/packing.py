"""Forward pass on packed rows: the backbone on whole rows, the head on each document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from modelry.data.packing import DOCUMENT_IDS, DOCUMENT_LENGTHS, DOCUMENT_STARTS, POSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.backbones.backbone import Backbone
    from modelry.tasks.base.head import Head


def is_packed(inputs: Any) -> bool:
    """Return whether inputs are the features of a `PackedBatch`."""
    return isinstance(inputs, dict) and DOCUMENT_STARTS in inputs


def call_packed(
    backbone: Backbone, head: Head, inputs: Mapping[str, Any], per_token: bool, training: bool | None = None
) -> Any:
    """Compute a task's outputs on packed rows. Each document gets the outputs that it has in a row of its own.

    Args:
        backbone: A backbone that supports packing.
        head: Any head.
        inputs: The features of a `modelry.data.packing.PackedBatch`.
        per_token: Whether the head returns one output per token, from that token's hidden state alone.
        training: Whether dropout is active.

    Returns:
        Outputs `(capacity, …)`, one per document; or `(rows, length, …)`, one per token.
    """
    # Layers ask the layer around them whether they are trained. On JAX Keras calls a model's `call`, not the model, so
    # without a layer here dropout would be off.
    run = _tokens if per_token else _documents
    return keras.layers.Lambda(lambda given: run(backbone, head, given))(dict(inputs), training=training)


def _states(backbone: Backbone, inputs: Mapping[str, Any]) -> Any:
    own = {name: inputs[name] for name in backbone.input}  # (R, T) each
    return backbone.encode(**own, positions=inputs[POSITIONS], document_ids=inputs[DOCUMENT_IDS])  # (R, T, E)


def _tokens(backbone: Backbone, head: Head, inputs: Mapping[str, Any]) -> Any:
    padding_mask = ops.greater(inputs[DOCUMENT_IDS], 0)  # (R, T)
    return head(backbone.outputs_of(_states(backbone, inputs)), padding_mask=padding_mask)  # (R, T, …)


def _documents(backbone: Backbone, head: Head, inputs: Mapping[str, Any]) -> Any:
    states = _states(backbone, inputs)  # (R, T, E)
    length, hidden_dim = ops.shape(states)[1:]
    offsets = ops.arange(length, dtype="int32")[None]  # (1, T)
    padding_mask = offsets < inputs[DOCUMENT_LENGTHS][:, None]  # (N, T)
    places = ops.where(padding_mask, inputs[DOCUMENT_STARTS][:, None] + offsets, 0)  # (N, T)
    alone = ops.take(ops.reshape(states, (-1, hidden_dim)), places, axis=0)  # (N, T, E)
    return head(backbone.outputs_of(alone), padding_mask=padding_mask)  # (N, …)
