"""Runs models, and compares their results, their precision and their gradients."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.testing.contract import expect, fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CLOSE = 1e-4
"""The greatest difference of results that differ by rounding only, as a share of the largest value."""

NEAR = 0.06
"""The greatest difference between bfloat16, which has 8 bits, and float32, as a share of the root mean square."""

NOISE = 0.2
"""The standard deviation of the noise that makes fresh weights as large as trained ones."""


def as_numpy(tensor: Any) -> np.ndarray[Any, Any]:
    """Return a tensor as a float32 array."""
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32")))


def run(model: Any, inputs: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return a model's outputs outside training as float32 arrays by name."""
    return {name: as_numpy(output) for name, output in outputs_of(model, inputs).items()}


def run_eagerly(model: Any, inputs: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the same results from a plain call, which is not compiled."""
    return {name: as_numpy(output) for name, output in model(dict(inputs), training=False).items()}


def outputs_of(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's outputs outside training by name, in the fastest way of the backend."""
    if keras.backend.backend() != "jax":
        return dict(model(dict(inputs), training=False))
    states = ([one.value for one in model.trainable_variables], [one.value for one in model.non_trainable_variables])
    outputs: dict[str, Any] = _jitted(model)(*states, dict(inputs))
    return outputs


@functools.lru_cache(maxsize=4)
def _jitted(model: Any) -> Any:
    """Compile a model on JAX, which would otherwise compile each of its operations by itself, for each shape."""
    import jax

    return jax.jit(lambda trained, other, inputs: model.stateless_call(trained, other, inputs, training=False)[0])


def distance(found: Any, expected: Any) -> float:
    """Return the greatest difference as a share of the largest expected value, which counts as 1 at least."""
    found, expected = np.asarray(found, "float64"), np.asarray(expected, "float64")
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - expected).max(initial=0) / max(1.0, np.abs(expected).max(initial=0)))


def expect_close(found: Any, expected: Any, what: str, rule: str, to_do: str, tolerance: float = CLOSE) -> None:
    """Fail unless two arrays are equal but for rounding.

    Args:
        found: The array that was computed.
        expected: The array that it should equal.
        what: The problem if they differ; the distance is added.
        rule: The behaviour that modelry relies on.
        to_do: The remedy.
        tolerance: The greatest difference, as a share of the largest expected value, which counts as 1 at least.
    """
    __tracebackhide__ = True
    apart = distance(found, expected)
    if not apart <= tolerance:
        shapes = f"shapes {np.shape(found)} and {np.shape(expected)}" if np.shape(found) != np.shape(expected) else ""
        fail(f"{what} ({shapes or f'{apart:.3g} apart, at most {tolerance:.3g} allowed'})", rule, to_do)


def expect_dtype(model: Any, batch: Any, policy: str, call: Callable[[Any], Mapping[str, Any]] | None = None) -> None:
    """Fail unless a model follows a dtype policy and computes about what it does in float32.

    Args:
        model: The model, in float32.
        batch: The inputs.
        policy: The name of the policy.
        call: Returns a model's outputs by name, as tensors; by default, those for `batch`.
    """
    __tracebackhide__ = True
    call = call or (lambda one: outputs_of(one, batch))
    wanted = keras.dtype_policies.get(policy)
    other = type(model).from_config({**model.get_config(), "dtype": policy})
    outputs = call(other)
    rule = f"with dtype={policy!r}, weights are {wanted.variable_dtype} and outputs {wanted.compute_dtype}."
    to_do = "take dtype as an argument, hand it on to every layer and to super().__init__, and cast no result."
    for variable in other.weights:
        found = keras.backend.standardize_dtype(variable.dtype)
        if found.startswith("float") or found == "bfloat16":
            expect(found == wanted.variable_dtype, f"The weight {variable.path} is {found}.", rule, to_do)
    for name, tensor in outputs.items():
        found = keras.backend.standardize_dtype(tensor.dtype)
        expect(found == wanted.compute_dtype, f"{name} is {found}.", rule, to_do)
    other.set_weights(model.get_weights())
    expected = {name: as_numpy(tensor) for name, tensor in call(model).items()}
    for name, tensor in call(other).items():
        to_do = "mask with a value that the dtype can hold, such as -1e4; sum and normalise in float32."
        expect_near(as_numpy(tensor), expected[name], f"{name} in {policy}", to_do)


def expect_near(found: Any, expected: Any, name: str, to_do: str) -> None:
    """Fail unless an array that was computed with fewer bits is near that in float32."""
    __tracebackhide__ = True
    found, expected = np.asarray(found, "float32"), np.asarray(expected, "float32")
    apart = found - expected
    share = float(np.sqrt((apart**2).mean()) / max(np.sqrt((expected**2).mean()), 1e-6))
    what = f"{name} is {share:.3g} of its size away from float32, at most {NEAR} allowed."
    rule = "fewer bits round results, and change nothing else."
    expect(np.isfinite(apart).all() and share <= NEAR, what, rule, to_do)


@contextlib.contextmanager
def as_if_trained(model: Any) -> Iterator[None]:
    """Make the trainable weights as large as trained ones within this context, so that differences show.

    Fresh biases are zero and fresh norms do nothing, which would hide many mistakes.
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
            "gradients are finite, or one step of training spoils all weights.",
            "look for a root, a logarithm or a division whose argument can be 0, in branches that are masked too.",
        )
