"""Keras' loops on JAX: predictions without a copy of the weights, and values that survive a failure.

Keras takes the values off the variables, hands them from step to step, and puts them back after the loop. Each step
donates the old buffers. If data or a callback then raises, the only live copy is in a dead frame. So each step here
stores the values it received and returned in `_jax_state`, the private attribute that Keras' own `jax_state_sync`
writes back to the variables.

Keras' program for predictions donates the weights too, and takes them back as outputs. JAX cannot donate memory that is
mapped from a file, so it copies all of it: twice the memory, and up to a second before the first prediction.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import itertools
import os
import platform
import signal
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import platformdirs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Step: TypeAlias = Callable[[Any, Iterator[Any]], tuple[Any, Any]]

_KINDS = ("trainable_variables", "non_trainable_variables")
PREDICTING = _KINDS
TESTING = (*_KINDS, "metrics_variables")
TRAINING = (*_KINDS, "optimizer_variables", "metrics_variables")


def keeping(model: Any, step: Any, kinds: tuple[str, ...]) -> Any:
    """Return a step of a loop that keeps the model's values in reach; on other backends, the step itself.

    Args:
        model: The model.
        step: The function that Keras calls for each batch, or for as many as `steps_per_execution` says.
        kinds: The kinds of variables whose values it takes, in this order, and returns.
    """
    if keras.backend.backend() != "jax":
        return step

    def keep(state: Any) -> None:
        vars(model)["_jax_state"] = dict(zip(kinds, state, strict=True))  # Keras' own way looks at each array

    def kept(state: Any, batches: Iterator[Any]) -> tuple[Any, Any]:
        keep(state)
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
            keep(state)
        return result, state

    return kept


@contextlib.contextmanager
def put_back(model: Any) -> Iterator[None]:
    """On failure, write the latest weights back to the model."""
    try:
        yield
    except BaseException:
        if keras.backend.backend() == "jax":
            model.jax_state_sync()
            vars(model)["_jax_state"] = None  # it would keep these values alive when there are newer ones
        raise


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Defer the first Ctrl-C to the end of the block; a second one interrupts at once."""
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


def prediction_function(model: keras.Model) -> Callable[[Any, Iterator[Any]], tuple[Any, Any]] | None:
    """Return a prediction function that keeps the weights in place; `None` where Keras' own function is needed.

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


VARIABLE = "MODELRY_COMPILATION_CACHE"
OFF = "off"
MIN_SECONDS = 0.1  # of compiling; JAX's default of 1 leaves out most programs that predict
MAX_BYTES = 1 << 30


def enable_compilation_cache() -> None:
    """Let JAX keep compiled programs, once in a process, if it is the backend and neither user nor program chose."""
    if keras.backend.backend() == "jax":
        _enable()


@functools.cache
def _enable() -> None:
    chosen = os.environ.get(VARIABLE)
    if chosen == OFF:
        return
    import jax

    config: Any = jax.config
    if config.jax_compilation_cache_dir is not None or not config.jax_enable_compilation_cache:
        return
    folder = Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("modelry", appauthor=False) / "jax"
    folder /= _processor()
    if not _is_writable(folder):
        if chosen:
            warnings.warn(
                f"{VARIABLE} is {chosen!r}, where nothing can be written, so compiled programs are not kept. "
                f"Set it to another folder, or to {OFF!r}.",
                stacklevel=2,
            )
        return
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        config.update("jax_persistent_cache_min_compile_time_secs", MIN_SECONDS)
    # Without filelock JAX can neither limit the cache nor keep processes from reading what others are still writing.
    if config.jax_compilation_cache_max_size == -1 and importlib.util.find_spec("filelock") is not None:
        config.update("jax_compilation_cache_max_size", MAX_BYTES)
    config.update("jax_compilation_cache_dir", str(folder))


def _is_writable(folder: Path) -> bool:
    """Return whether this process can write to `folder`; a missing one is made, for this user alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _processor() -> str:
    """A name for this kind of processor: home folders are shared by machines, and programs for one fail on another."""
    kind = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            first = iter(file.readline, "\n")  # the processors are separated by empty lines, and alike
            kind += "".join(line for line in first if line.startswith(("flags", "Features", "model name")))
    except OSError:
        kind += platform.processor()
    return hashlib.sha256(kind.encode()).hexdigest()[:12]
