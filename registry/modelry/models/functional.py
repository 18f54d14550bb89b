"""What backbones and tasks have in common: functional Keras models that are classes of their own."""

from __future__ import annotations

from typing import Any, ClassVar

import keras

from modelry.arguments import argument_names, check_arguments
from modelry.models.compilation_cache import enable_compilation_cache
from modelry.models.jax_prediction import prediction_function
from modelry.models.keras_saving import register_for_saving
from modelry.presets.builtin import BuiltinPresets


class FunctionalModel(keras.Model):
    """A functional Keras model whose subclasses set their layers first and connect them afterwards; abstract.

    It cannot be an `abc.ABC`: Keras instantiates every base of a functional model once.

    Args:
        inputs: The model's inputs.
        outputs: Its outputs.
        name: Its name.
        trainable: Whether its weights are trained.
        **unknown: None are taken; their names make for a better message.

    Raises:
        UnknownArgument: There is an argument that the subclass does not take.

    Attributes:
        presets: The built-in presets that a class can load, by name.
        keras_hub_class: The name of the KerasHub class that computes the same, if there is one.
    """

    presets = BuiltinPresets()
    keras_hub_class: ClassVar[str | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_for_saving(cls)

    def __init__(
        self, *, inputs: Any, outputs: Any, name: str | None = None, trainable: bool = True, **unknown: Any
    ) -> None:
        check_arguments(unknown, self.arguments(), type(self).__name__)
        enable_compilation_cache()
        super().__init__(inputs=inputs, outputs=outputs, name=name, trainable=trainable)
        self._connected = True

    def __setattr__(self, name: str, value: Any) -> None:
        # Layers are set before the functional model exists, and belong to its graph: Keras needs not track them, and
        # on PyTorch cannot yet.
        if "_connected" in self.__dict__:
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)

    @classmethod
    def arguments(cls) -> tuple[str, ...]:
        """Return the names of the constructor's arguments."""
        return tuple(name for name in argument_names(cls) if name not in ("inputs", "outputs"))

    def make_predict_function(self, force: bool = False) -> Any:
        """Compile what `predict` calls for each batch; Keras calls this."""
        if force or self.predict_function is None:
            self.predict_function: Any = prediction_function(self)
        return super().make_predict_function()  # which makes what is still missing


def id_inputs(*names: str) -> dict[str, Any]:
    """Return the inputs of a model that takes integers for each token, `(batch, length)`, by name."""
    return {name: keras.Input((None,), dtype="int32", name=name) for name in names}
