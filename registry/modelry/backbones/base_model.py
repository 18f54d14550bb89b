"""Base class of backbones and tasks: functional Keras models that are classes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import keras

from modelry.arguments import argument_names, check_arguments
from modelry.presets.builtin import BuiltinPresets
from modelry.runtime.jax import (
    PREDICTING,
    TESTING,
    TRAINING,
    enable_compilation_cache,
    keeping,
    prediction_function,
    put_back,
)


class BaseModel(keras.Model):
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

    if not TYPE_CHECKING:  # with it, a type checker accepts any attribute

        def __setattr__(self, name: str, value: Any) -> None:
            # Layers are set before the functional model exists, and belong to its graph: Keras needs not track them,
            # and on PyTorch cannot yet.
            if "_connected" in self.__dict__:
                super().__setattr__(name, value)
            else:
                object.__setattr__(self, name, value)

    @classmethod
    def arguments(cls) -> tuple[str, ...]:
        """Return the names of the constructor's arguments."""
        return tuple(name for name in argument_names(cls) if name not in ("inputs", "outputs"))

    def make_train_function(self, force: bool = False) -> Any:
        """Compile what `fit` calls for each batch; Keras calls this."""
        if force or self.train_function is None:
            super().make_train_function(force=True)
            self.train_function: Any = keeping(self, self.train_function, TRAINING)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        """Compile what `evaluate` calls for each batch; Keras calls this."""
        if force or self.test_function is None:
            super().make_test_function(force=True)
            self.test_function: Any = keeping(self, self.test_function, TESTING)
        return self.test_function

    def make_predict_function(self, force: bool = False) -> Any:
        """Compile what `predict` calls for each batch; Keras calls this."""
        if force or self.predict_function is None:
            self.predict_function: Any = prediction_function(self)
            super().make_predict_function()  # if that is none
            self.predict_function = keeping(self, self.predict_function, PREDICTING)
        return self.predict_function

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """Train; the arguments are those of `keras.Model.fit`."""
        with put_back(self):
            return super().fit(*args, **kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Return the loss and metrics; the arguments are those of `keras.Model.evaluate`."""
        with put_back(self):
            return super().evaluate(*args, **kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs as NumPy; the arguments are those of `keras.Model.predict`."""
        with put_back(self):
            return super().predict(*args, **kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Train on one batch; the arguments are those of `keras.Model.train_on_batch`."""
        with put_back(self):
            return super().train_on_batch(*args, **kwargs)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Return the loss and metrics on one batch; the arguments are those of `keras.Model.test_on_batch`."""
        with put_back(self):
            return super().test_on_batch(*args, **kwargs)

    def predict_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs of one batch; the arguments are those of `keras.Model.predict_on_batch`."""
        with put_back(self):
            return super().predict_on_batch(*args, **kwargs)


def id_inputs(*names: str) -> dict[str, Any]:
    """Return the inputs of a model that takes integers for each token, `(batch, length)`, by name."""
    return {name: keras.Input((None,), dtype="int32", name=name) for name in names}


def register_for_saving(cls: type) -> None:
    """Register a class with Keras, so that `model.save("x.keras")` can name it and `load_model` find it."""
    package = cls.__module__.partition(".")[0]
    keras.saving.register_keras_serializable(package=package)(cls)
