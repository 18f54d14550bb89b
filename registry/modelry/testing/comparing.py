"""Comparing what models compute."""

from __future__ import annotations

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
    """Call a model without compiling it, and return its outputs as float32 arrays by name."""
    return {name: as_numpy(output) for name, output in model(dict(inputs), training=False).items()}


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
