"""Base class of heads: the layers between a backbone's outputs and a task's."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Self

import keras

from modelry.arguments import KERAS_ARGUMENTS, argument_names, check_arguments, config_of
from modelry.backbones.base_model import register_for_saving

if TYPE_CHECKING:
    from collections.abc import Mapping


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
