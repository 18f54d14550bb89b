"""Claims about dtype policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.testing.comparing import as_numpy, outputs_of
from modelry.testing.contract import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NEAR = 0.06
"""How far bfloat16 may be from float32, as a share of the root mean square; it has 8 bits."""


def expect_dtype(model: Any, batch: Any, policy: str, call: Callable[[Any], Mapping[str, Any]] | None = None) -> None:
    """Fail unless a model follows a dtype policy and computes about what it does in float32.

    Args:
        model: The model, in float32.
        batch: What to call it with.
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
        apart = as_numpy(tensor) - expected[name]
        share = float(np.sqrt((apart**2).mean()) / max(np.sqrt((expected[name] ** 2).mean()), 1e-6))
        expect(
            np.isfinite(apart).all() and share <= NEAR,
            f"{name} in {policy} is {share:.3g} of its size away from float32, at most {NEAR} allowed.",
            "in 8 bits results are rounded, not others.",
            "mask with a value that the dtype can hold, such as -1e4; sum and normalise in float32.",
        )
