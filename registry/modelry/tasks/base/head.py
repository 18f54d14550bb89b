"""What every head does."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Self

import keras

from modelry.arguments import KERAS_ARGUMENTS, argument_names, check_arguments, config_of
from modelry.backbones.keras_saving import register_for_saving
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTPUT_ACTIVATIONS = ("linear", "softmax", "sigmoid")


class Head(keras.layers.Layer, abc.ABC):
    """A layer from a backbone's outputs to one score per class.

    A subclass creates its layers in the constructor, in the order in which they are to be stored, and connects them in
    `call`. It keeps each constructor argument as an attribute of the same name.

    Args:
        num_classes: The number of classes.
        activation: The activation of the scores: `"linear"` (logits; also `None`), `"softmax"` or `"sigmoid"`.
        dropout: The rate of dropout before the last layer.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        InputError: `num_classes`, `activation` or `dropout` is out of its range.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_for_saving(cls)

    def __init__(self, num_classes: int, activation: str | None = None, dropout: float = 0.1, **kwargs: Any) -> None:
        check_arguments(kwargs, (*argument_names(type(self)), *KERAS_ARGUMENTS), type(self).__name__)
        super().__init__(**kwargs)
        self.num_classes = check_whole("num_classes", num_classes)
        self.activation = activation_name(activation)
        self.dropout = check_dropout("dropout", dropout)

    @abc.abstractmethod
    def call(self, outputs: Mapping[str, Any], padding_mask: Any = None, training: bool | None = None) -> Any:
        """Score.

        Args:
            outputs: The backbone's outputs: `sequence_output` of shape `(batch, length, hidden_dim)` and, where the
                architecture has one, `pooled_output` of shape `(batch, hidden_dim)`.
            padding_mask: Nonzero for real tokens, `(batch, length)`; `None` if the backbone takes none.
            training: Whether dropout is active.

        Returns:
            Scores, `(batch, num_classes)`.
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


def activation_name(activation: Any) -> str:
    """Return the name of an output activation given by name, by Keras function, or as `None`.

    Raises:
        InputError: It is none of those a classifier can have.
    """
    name = "linear" if activation is None else activation
    name = getattr(name, "__name__", name)
    if name not in OUTPUT_ACTIVATIONS:
        raise InputError(f"activation={activation!r} is not one of {', '.join(map(repr, OUTPUT_ACTIVATIONS))}.")
    return str(name)


def check_dropout(name: str, rate: float) -> float:
    """Return a rate of dropout.

    Raises:
        InputError: It is below 0, or not below 1.
    """
    if not 0 <= rate < 1:
        raise InputError(f"{name} must be at least 0 and below 1, not {rate!r}.")
    return rate


def check_whole(name: str, number: Any) -> int:
    """Return a positive whole number, of an argument such as `num_classes`, as an `int`.

    Raises:
        InputError: It is none.
    """
    if isinstance(number, bool) or not hasattr(number, "__index__") or number.__index__() < 1:
        raise InputError(f"{name} must be a whole number, at least 1, not {number!r}.")
    return int(number.__index__())
