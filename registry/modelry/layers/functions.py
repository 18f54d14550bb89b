"""Activations and initializers by the names that configs use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from modelry.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable


_KERAS = (
    *("celu", "elu", "exponential", "gelu", "glu", "hard_sigmoid", "hard_silu", "hard_swish", "leaky_relu", "linear"),
    *("log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus"),
    *("softsign", "tanh"),
)

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
        InputError: No activation has this name.
    """
    known = _ALIASES.get(name, name) if isinstance(name, str) else None
    if callable(known):
        return known
    if known in _ALIASES:
        return activation(known)
    if known not in _KERAS:  # nothing else is looked up: Keras would also make objects of dicts
        raise InputError(f"There is no activation {name!r:.200}.{did_you_mean(str(name)[:200], [*_ALIASES, *_KERAS])}")
    found: Callable[[Any], Any] = getattr(keras.activations, known)
    return found


def own_initializer(initializer: Any) -> Any:
    """Return an initializer like the given one, which may be a name, for one weight alone.

    A Keras initializer draws the same numbers whenever it is asked for the same shape: query, key and value kernels
    that shared one would start equal.
    """
    found = keras.initializers.get(initializer)
    return found.clone() if isinstance(found, keras.initializers.Initializer) else found


def bert_initializer() -> keras.initializers.Initializer:
    """Return an initializer for one kernel or embedding as BERT and its descendants start from."""
    return keras.initializers.TruncatedNormal(stddev=0.02)
