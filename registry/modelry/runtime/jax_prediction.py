"""Predicting with JAX without a copy of the weights.

Keras' own program for predicting donates the weights to JAX and takes them back as outputs. JAX can give away no memory
that is a map of a file, so it copies all of it: twice the memory, and up to a second before the first prediction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def prediction_function(model: keras.Model) -> Callable[[Any, Iterator[Any]], tuple[Any, Any]] | None:
    """Return what `model.predict` shall call for each batch; `None` where Keras' own function has to do.

    It takes the trainable and the other variables, and an iterator whose next element is the batch. It returns the
    outputs and the variables.
    """
    if keras.backend.backend() != "jax" or model.run_eagerly or not model.jit_compile:
        return None
    if model.steps_per_execution > 1 or keras.distribution.distribution() is not None:
        return None
    import jax

    @jax.jit
    def predict_step(state: Any, batch: Any) -> tuple[Any, dict[int, Any]]:
        outputs, others = model.predict_step(state, batch)
        # Whatever a program returns is new memory, frozen weights included.
        pairs = enumerate(zip(others, state[1], strict=True))
        return outputs, {index: new for index, (new, old) in pairs if new is not old}

    def predict(state: Any, batches: Iterator[Any]) -> tuple[Any, Any]:
        trainable, others = state
        outputs, changed = predict_step(state, next(batches))
        return outputs, (trainable, [changed.get(index, value) for index, value in enumerate(others)])

    return predict
