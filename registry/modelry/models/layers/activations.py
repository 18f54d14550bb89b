"""Activations by the names that configs use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from modelry.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

# transformers' names on the left; what Keras calls them, or computes, on the right.
_ALIASES: dict[str, str | Callable[[Any], Any]] = {
    "gelu_approximate": lambda x: keras.activations.gelu(x, approximate=True),
    "gelu_new": "gelu_approximate",
    "gelu_fast": "gelu_approximate",
    "gelu_pytorch_tanh": "gelu_approximate",
    "gelu_python": "gelu",
    "swish": "silu",
}


def activation(name: str) -> Callable[[Any], Any]:
    """Return the function of an activation's name: Keras' names, `gelu_approximate`, or transformers' names.

    Raises:
        InputError: There is no such activation.
    """
    known = _ALIASES.get(name, name)
    if callable(known):
        return known
    if known in _ALIASES:
        return activation(known)
    try:
        found: Callable[[Any], Any] = keras.activations.get(known)
    except ValueError:
        near = did_you_mean(name, [*_ALIASES, *(key for key in dir(keras.activations) if key.islower())])
        raise InputError(f"There is no activation {name!r}.{near}") from None
    return found
