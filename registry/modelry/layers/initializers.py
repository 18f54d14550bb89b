"""Initializers of weights, one for each."""

from __future__ import annotations

from typing import Any

import keras


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
