"""Weights that are as large as trained ones, and the gradients that reach them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.testing.comparing import as_numpy
from modelry.testing.contract import fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOISE = 0.2


@contextlib.contextmanager
def as_if_trained(model: Any) -> Iterator[None]:
    """Within this context the trainable weights are as large as trained ones, so that differences show.

    Fresh biases are zero and fresh norms do nothing, which would hide much of what can go wrong.
    """
    # Copies: on PyTorch an array shares the memory of its tensor, which `assign` writes to.
    before = [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in model.variables]
    generator = np.random.default_rng(0)
    for variable in model.trainable_variables:
        noise = NOISE * generator.standard_normal(variable.shape).astype("float32")
        variable.assign(as_numpy(variable.value) + noise)
    try:
        yield
    finally:
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)


def gradients(layer: Any, *arguments: Any, **options: Any) -> dict[str, np.ndarray | None]:
    """Return the gradient of a random projection of a layer's outputs, for each trainable variable by its path.

    `None` stands for a variable that the outputs do not depend on, where the backend knows that.
    """
    find = {"jax": _jax, "torch": _torch, "tensorflow": _tensorflow}[keras.backend.backend()]
    found = find(layer, *arguments, **{"training": False, **options})
    paths = [variable.path for variable in layer.trainable_variables]
    return {path: None if one is None else as_numpy(one) for path, one in zip(paths, found, strict=True)}


def _projection(outputs: Any) -> Any:
    # Not the plain sum: that of a normalised vector is the same whatever the weights are.
    generator = np.random.default_rng(1)
    total: Any = 0.0
    for output in keras.tree.flatten(outputs):
        weights = generator.standard_normal(tuple(output.shape)).astype("float32")
        total = total + keras.ops.sum(keras.ops.multiply(keras.ops.cast(output, "float32"), weights))
    return total


def _jax(layer: Any, *arguments: Any, **options: Any) -> list[Any]:
    import jax

    fixed = [variable.value for variable in layer.non_trainable_variables]

    def loss(trained: list[Any]) -> Any:
        return _projection(layer.stateless_call(trained, fixed, *arguments, **options)[0])

    return list(jax.jit(jax.grad(loss))([variable.value for variable in layer.trainable_variables]))


def _torch(layer: Any, *arguments: Any, **options: Any) -> list[Any]:
    values = [variable.value for variable in layer.trainable_variables]
    for value in values:
        value.grad = None
    _projection(layer(*arguments, **options)).backward()
    found = [value.grad for value in values]
    for value in values:
        value.grad = None
    return found


def _tensorflow(layer: Any, *arguments: Any, **options: Any) -> list[Any]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = _projection(layer(*arguments, **options))
    found = tape.gradient(loss, [variable.value for variable in layer.trainable_variables])
    return [None if one is None else tf.convert_to_tensor(one) for one in found]


def expect_gradients(found: Mapping[str, np.ndarray | None], cls: type) -> None:
    """Fail unless a gradient reaches every variable."""
    __tracebackhide__ = True
    untouched = [path for path, gradient in found.items() if gradient is None or not np.any(gradient)]
    if untouched:
        fail(
            f"No gradient reaches {', '.join(untouched)} of {cls.__name__}, so training does not change it.",
            "every trainable weight affects the outputs.",
            "remove a layer that is not connected; look for stop_gradient, argmax, rounding, or a cast to integers.",
        )
    broken = [path for path, gradient in found.items() if gradient is not None and not np.isfinite(gradient).all()]
    if broken:
        fail(
            f"The gradient of {', '.join(broken)} of {cls.__name__} is not finite.",
            "gradients are finite, or one step of training ruins all weights.",
            "look for a root, a logarithm or a division whose argument can be 0, in branches that are masked too.",
        )
