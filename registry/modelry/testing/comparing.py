"""Comparing what models compute."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.testing.contract import fail

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOSE = 1e-4
"""How far results may be apart that differ by rounding only, as a share of the largest."""


def as_numpy(tensor: Any) -> np.ndarray[Any, Any]:
    """Return a tensor as a float32 array."""
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32")))


def run(model: Any, inputs: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return a model's outputs outside training as float32 arrays by name."""
    return {name: as_numpy(output) for name, output in outputs_of(model, inputs).items()}


def run_eagerly(model: Any, inputs: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the same from a plain call, which nothing compiles."""
    return {name: as_numpy(output) for name, output in model(dict(inputs), training=False).items()}


def outputs_of(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's outputs outside training by name, in the quickest way of the backend."""
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
        found: What was computed.
        expected: What it should be.
        what: What is wrong if they differ; the distance is added.
        rule: What modelry relies on.
        to_do: How to mend it.
        tolerance: The greatest difference, as a share of the largest expected value, which counts as 1 at least.
    """
    __tracebackhide__ = True
    apart = distance(found, expected)
    if not apart <= tolerance:
        shapes = f"shapes {np.shape(found)} and {np.shape(expected)}" if np.shape(found) != np.shape(expected) else ""
        fail(f"{what} ({shapes or f'{apart:.3g} apart, at most {tolerance:.3g} allowed'})", rule, to_do)
