"""`compile("auto")`: a task's own loss and metrics, and an optimizer that is created on first use.

Creating one costs a fifth of the time that loading a task takes, and most loaded tasks only predict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import keras

from modelry.backbones.base_model import BaseModel
from modelry.runtime.onednn import release
from modelry.weights.build import initialize, uninitialized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@attrs.frozen(eq=False)
class Placeholder:
    """Placeholder until the optimizer is first used.

    Attributes:
        make: Returns the optimizer.
    """

    make: Callable[[], keras.optimizers.Optimizer]


class LazyOptimizer:
    """The attribute `optimizer` of a model: an optimizer, `None`, or a placeholder that becomes one when it is read."""

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        """Return the optimizer, and create it if it is still a placeholder."""
        if model is None:
            return self
        try:
            value = model.__dict__["_optimizer"]
        except KeyError:
            raise AttributeError("The model has no optimizer before it is compiled.") from None
        if isinstance(value, Placeholder):
            value = model.__dict__["_optimizer"] = value.make()
        return value

    def __set__(self, model: Any, value: Any) -> None:
        """Set the optimizer."""
        model.__dict__["_optimizer"] = value


class AutoCompiledModel(BaseModel):
    """A model that knows its own loss and metrics; abstract.

    Attributes:
        learning_rate: The learning rate of the default optimizer, Adam.
    """

    learning_rate: ClassVar[float] = 5e-5
    optimizer = LazyOptimizer()

    def auto_loss(self) -> Any:
        """Return the loss of `compile(loss="auto")`; `None` by default, for a task that overrides `compute_loss`."""
        return None

    def auto_metrics(self) -> list[Any]:
        """Return the metrics of `compile(metrics="auto")`; none by default."""
        return []

    def auto_weighted_metrics(self) -> list[Any]:
        """Return those that take sample weights into account, such as the mask of tokens without a label."""
        return []

    def compile(  # type: ignore[override]  # further arguments by name only
        self, optimizer: Any = "auto", loss: Any = "auto", *, metrics: Any = "auto", **kwargs: Any
    ) -> None:
        """Configure training.

        Args:
            optimizer: `"auto"` is Adam with the task's `learning_rate`.
            loss: `"auto"` is the loss of the task, which `auto_loss` returns.
            metrics: `"auto"` are the metrics of the task, which `auto_metrics` and `auto_weighted_metrics` return.
            **kwargs: Passed to `keras.Model.compile`.
        """
        if isinstance(vars(self).get("_optimizer"), Placeholder):
            vars(self)["_optimizer"] = None  # TensorFlow would create it, as it reads what it is to replace
        if isinstance(loss, str) and loss == "auto":
            loss = self.auto_loss()
        lazy = isinstance(optimizer, str) and optimizer == "auto"
        if lazy and self.dtype_policy.name == "mixed_float16":  # Keras looks at the optimizer, to scale the loss
            optimizer, lazy = keras.optimizers.Adam(self.learning_rate), False
        with uninitialized() as counters:  # Keras' way to set them to zero has JAX compile a program
            if isinstance(metrics, str) and metrics == "auto":
                metrics = self.auto_metrics()
                kwargs.setdefault("weighted_metrics", self.auto_weighted_metrics() or None)
            if metrics is None:
                metrics = []  # None would keep those of the last `compile`, which the constructor called
            if lazy:
                super().compile(optimizer=None, loss=loss, metrics=metrics, **kwargs)
        initialize(counters)
        if lazy:
            self.optimizer = Placeholder(lambda: keras.optimizers.Adam(self.learning_rate))
        else:
            super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def get_compile_config(self) -> Any:
        """Return how the model was compiled, the optimizer included; Keras saves this."""
        config = super().get_compile_config()
        if config and self.optimizer is not None:
            config["optimizer"] = keras.saving.serialize_keras_object(self.optimizer)
        return config

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile as the saved model was; Keras calls this in `load_model`."""
        self.compile(**keras.saving.deserialize_keras_object(dict(config)))
        if getattr(self, "optimizer", None) is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def variables_changed(self) -> None:
        """Drop what was compiled for the model's old variables, and let the optimizer start over."""
        release(self)
        self.train_function = self.test_function = self.predict_function = None
        optimizer = vars(self).get("_optimizer")
        if isinstance(optimizer, keras.optimizers.Optimizer) and optimizer.built:
            self.optimizer = type(optimizer).from_config(optimizer.get_config())
