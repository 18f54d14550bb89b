"""On JAX, keep track of where a model's values are while Keras trains, evaluates or predicts.

Keras takes the values off the variables, hands them from step to step, and puts them back when all went well. Each step
gives the memory of the old ones away. So where data or a callback fails, the only values may be in a local variable of
a loop that is gone. Here each step tells the model what it was given and what it returned, in `_jax_state`, the private
attribute from which Keras' own `jax_state_sync` puts values back.
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
from typing import TYPE_CHECKING, Any, TypeAlias

import keras

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Step: TypeAlias = Callable[[Any, Iterator[Any]], tuple[Any, Any]]

_KINDS = ("trainable_variables", "non_trainable_variables")
PREDICTING = _KINDS
TESTING = (*_KINDS, "metrics_variables")
TRAINING = (*_KINDS, "optimizer_variables", "metrics_variables")


def keeping(model: Any, step: Any, kinds: tuple[str, ...]) -> Any:
    """Return a step of a loop that tells the model its values; on other backends, the step itself.

    Args:
        model: The model.
        step: What Keras calls for each batch, or for as many as `steps_per_execution` says.
        kinds: Which variables it takes the values of, in this order, and returns.
    """
    if keras.backend.backend() != "jax":
        return step

    def tell(state: Any) -> None:
        vars(model)["_jax_state"] = dict(zip(kinds, state, strict=True))  # Keras' own way looks at each array

    def kept(state: Any, batches: Iterator[Any]) -> tuple[Any, Any]:
        tell(state)
        # Data may take its time, or fail: before the step, as the values are still there.
        some = list(itertools.islice(batches, model.steps_per_execution))
        if not some:
            raise StopIteration  # which the loop understands
        with _uninterrupted():
            try:
                result, state = step(state, iter(some))
            except Exception as error:
                if any(array.is_deleted() for array in keras.tree.flatten(state)):
                    vars(model)["_jax_state"] = None  # nothing to put back, and no second error that hides this one
                    error.add_note("The model's values were in memory that this step had, and are lost: load it again.")
                raise
            tell(state)
        return result, state

    return kept


@contextlib.contextmanager
def put_back(model: Any) -> Iterator[None]:
    """If the block fails, the model has its latest values on its variables."""
    try:
        yield
    except BaseException:
        if keras.backend.backend() == "jax":
            model.jax_state_sync()
            vars(model)["_jax_state"] = None  # it would keep these values alive when there are newer ones
        raise


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """An interrupt by Ctrl-C waits for the end of the block; a second one does not."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[Any] = []

    def wait(number: int, frame: Any) -> None:
        waiting.append((number, frame))
        if len(waiting) > 1:
            handler(number, frame)

    signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if len(waiting) == 1:
            handler(*waiting[0])
