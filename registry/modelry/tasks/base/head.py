"""Heads: the layers between a backbone's outputs and a task's, also on packed rows."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Self

import keras
from keras import ops

from modelry.arguments import KERAS_ARGUMENTS, argument_names, check_arguments, config_of
from modelry.backbones.base_model import register_for_saving
from modelry.data.packing import DOCUMENT_IDS, DOCUMENT_LENGTHS, DOCUMENT_STARTS, POSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.backbones.backbone import Backbone


class Head(keras.layers.Layer, abc.ABC):
    """A layer from a backbone's outputs to a task's outputs; abstract.

    A subclass creates its layers in the constructor, in the order in which they are to be stored, and connects them in
    `call`. It keeps each constructor argument as an attribute of the same name.

    Args:
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_for_saving(cls)

    def __init__(self, **kwargs: Any) -> None:
        check_arguments(kwargs, (*argument_names(type(self)), *KERAS_ARGUMENTS), type(self).__name__)
        super().__init__(**kwargs)

    @abc.abstractmethod
    def call(self, outputs: Mapping[str, Any], padding_mask: Any = None, training: bool | None = None) -> Any:
        """Compute the task's outputs.

        Args:
            outputs: The backbone's outputs: for text, `sequence_output` of shape `(batch, length, hidden_dim)` and,
                where the architecture has one, `pooled_output` of shape `(batch, hidden_dim)`.
            padding_mask: Nonzero for real tokens, `(batch, length)`; `None` if the backbone takes none.
            training: Whether dropout is active.

        Returns:
            One output per example, `(batch, …)`; or one per token, `(batch, length, …)`, for a task that says so.
        """

    def get_build_config(self) -> None:
        """Return nothing: a head is built when its task connects it, also when Keras restores the task."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), **config_of(self, without=KERAS_ARGUMENTS)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a head, randomly initialised, from what `get_config` returned."""
        return cls(**config)


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
