"""An optimizer that is made when it is first needed.

Making one costs a fifth of the time that loading a classifier takes, and most loaded classifiers only predict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras


@attrs.frozen(eq=False)
class Late:
    """Stands in for an optimizer that nobody has asked for yet.

    Attributes:
        make: Returns the optimizer.
    """

    make: Callable[[], keras.optimizers.Optimizer]


def forget_late(model: Any) -> None:
    """Drop an optimizer that is still to be made: TensorFlow would make it, as it reads what it is to replace."""
    if isinstance(vars(model).get("_optimizer"), Late):
        vars(model)["_optimizer"] = None


class LateOptimizer:
    """The attribute `optimizer` of a model. It can be set to an optimizer, `None`, or one that is still to be made."""

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        """Return the optimizer, which is made now if it was not yet."""
        if model is None:
            return self
        try:
            value = model.__dict__["_optimizer"]
        except KeyError:
            raise AttributeError("The model has no optimizer before it is compiled.") from None
        if isinstance(value, Late):
            value = model.__dict__["_optimizer"] = value.make()
        return value

    def __set__(self, model: Any, value: Any) -> None:
        """Set the optimizer."""
        model.__dict__["_optimizer"] = value
