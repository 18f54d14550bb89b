"""Models whose variables have no value yet, and placing values.

Keras fills every variable with random numbers as soon as it is built, and throws them away when weights are loaded.
Inside `uninitialized` it does not. There, layers and variables are also counted as they are created, so that a config
that asks for a model without end is stopped before it takes the machine.

The private pieces of Keras that this takes are used in this file only: a variable's `_value`, its `_initializer`, the
list of variables that wait for their value, the seed that a random generator's initializer keeps, a layer's
`_dtype_policy`, how it forgets a variable, and the nodes that calls of layers leave.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import keras
import ml_dtypes
import numpy as np
from keras.src.backend.common.global_state import get_global_attribute, set_global_attribute
from keras.src.backend.common.stateless_scope import in_stateless_scope
from keras.src.backend.common.symbolic_scope import in_symbolic_scope
from keras.src.ops.node import Node

from modelry.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from modelry.storage.options import Tally

    _Adopt: TypeAlias = Callable[[np.ndarray[Any, Any], str], Any]

WAITING = "uninitialized_variables"
GENERATOR_STATE = "seed_generator_state"


@contextlib.contextmanager
def uninitialized(tally: Tally | None = None) -> Iterator[list[keras.Variable]]:
    """Variables created inside get no value: no random numbers, nothing compiled, no memory.

    Layers and functional models build as usual, because that only takes shapes. Only the state of random generators is
    initialised, at the end. Whatever is read too early, for a prediction say, raises `WeightsError`.

    Args:
        tally: The budget's counter of layers and variables; raises when one of them exceeds the budget.

    Yields:
        The list of the variables created inside, as it grows. Pass it to `initialize` once the weights are placed.
    """
    waiting = get_global_attribute(WAITING)
    created = _Created(tally)
    with _counted_layers(), keras.StatelessScope(initialize_variables=False):
        # Keras would initialise everything in its list, ours too, the next time it leaves a scope of its own.
        set_global_attribute(WAITING, created)
        try:
            yield created
        finally:
            set_global_attribute(WAITING, waiting)
    generators = [variable for variable in created if variable.name == GENERATOR_STATE]
    if isinstance(waiting, _Created):
        waiting.extend(created)  # the enclosing `uninitialized` takes over
    elif in_stateless_scope():
        # The enclosing scope, which is not ours, initialises what waits when it ends.
        set_global_attribute(WAITING, [*(waiting or []), *map(_restored, generators)])
    else:
        initialize(generators)


_HOOKED = ((keras.Operation, "__new__"), (Node, "__init__"))  # layers and operations, and each call of one
_originals: list[Any] = []
_users = 0
_lock = threading.Lock()


@contextlib.contextmanager
def _counted_layers() -> Iterator[None]:
    """Report every layer, operation and call to the tally of the thread that makes it.

    Keras has no hook for this, so its functions are replaced, for as long as any thread is inside `uninitialized`.
    """
    global _users
    with _lock:
        if not _users:
            _originals[:] = [vars(cls)[name] for cls, name in _HOOKED]
            for (cls, name), original in zip(_HOOKED, _originals, strict=True):
                setattr(cls, name, _counted(original))
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                for (cls, name), original in zip(_HOOKED, _originals, strict=True):
                    setattr(cls, name, original)


def _counted(original: Any) -> Any:
    """Return a function that lets the tally of this thread, if it has one, refuse what the original would create."""
    is_static = isinstance(original, staticmethod)
    create = original.__func__ if is_static else original

    @functools.wraps(create)
    def counted(*args: Any, **kwargs: Any) -> Any:
        waiting = get_global_attribute(WAITING)
        if isinstance(waiting, _Created):
            waiting.count_layer()
        return create(*args, **kwargs)

    return staticmethod(counted) if is_static else counted


class LayerTree(Protocol):
    """A model or layer, with the layers inside it."""

    def _flatten_layers(self, include_self: bool = True) -> list[keras.layers.Layer]: ...


def settle_policies(model: LayerTree) -> None:
    """Give each layer that was built with a policy by layer the one that it was built with.

    Otherwise Keras asks the default one of such a policy whether the layer is quantized, and saves it without scale.
    """
    for layer in model._flatten_layers():
        policy = layer.dtype_policy
        if isinstance(policy, keras.dtype_policies.DTypePolicyMap):  # a layer without weights may have no path
            layer._dtype_policy = policy[layer.path] if layer.path else policy.default_policy


def forget(layer: keras.layers.Layer, name: str) -> None:
    """Remove a variable from a layer. Keras' own `del` collects all garbage, which takes long."""
    layer._untrack_variable(getattr(layer, name))
    setattr(layer, name, None)


def is_placed(variable: keras.Variable) -> bool:
    """Return whether `variable` has a value."""
    return variable._value is not None


def initialize(variables: Iterable[keras.Variable]) -> None:
    """Run the initializer of each of `variables` that has no value yet."""
    for variable in variables:
        if is_placed(variable):
            continue
        known = _known_values(_restored(variable))
        if known is None:
            variable._deferred_initialize()
        else:
            place(variable, known)


def place(variable: keras.Variable, array: np.ndarray[Any, Any]) -> bool:
    """Give `variable` the values of `array`, converted to its dtype.

    A variable without a value adopts the array's memory where the backend can use it as it is, so the array must not be
    used for anything else afterwards. A variable that has a value keeps its own memory and is overwritten.

    Args:
        variable: The variable.
        array: Values of the variable's shape and of any dtype.

    Returns:
        Whether the variable uses the array's memory.
    """
    if is_placed(variable):
        variable.assign(array)
        return False
    adopt: _Adopt = _ADOPT.get(keras.backend.backend(), _convert)
    _fill(variable, adopt(array, variable.dtype))
    start = array.__array_interface__["data"][0]
    return _address(variable._value) in range(start, start + array.nbytes)


class _Created(list[Any]):
    """Takes the place of Keras' list of variables that wait for their value.

    Args:
        tally: Counts them; `None` for no limit.
    """

    def __init__(self, tally: Tally | None) -> None:
        super().__init__()
        self._tally = tally

    def count_layer(self) -> None:
        if self._tally is not None:
            self._tally.add_layer()

    def append(self, variable: keras.Variable) -> None:
        if self._tally is not None:
            self._tally.add(variable.shape, np.dtype(variable.dtype).itemsize)
        variable._initializer = _Deferred(variable)
        super().append(variable)


class _Deferred:
    """Placeholder for a variable's initializer, which Keras calls until there is a value.

    Args:
        variable: The variable, whose initializer is kept in `original`.
    """

    def __init__(self, variable: keras.Variable) -> None:
        self.original = variable._initializer
        self.path = variable.path

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Zeros to infer a shape from."""
        if not in_symbolic_scope():
            raise WeightsError(
                f"The variable {self.path} has no value yet. Load weights into the model, or call "
                "modelry.weights.build.initialize(model.variables)."
            )
        return keras.ops.zeros(shape, dtype)


def _fill(variable: keras.Variable, value: Any) -> None:
    variable._initialize(value)
    variable._initializer = None


def _restored(variable: keras.Variable) -> keras.Variable:
    if isinstance(variable._initializer, _Deferred):
        variable._initializer = variable._initializer.original
    return variable


def _known_values(variable: keras.Variable) -> np.ndarray[Any, Any] | None:
    """Zeros, or the first state of a random generator; `None` for any other variable.

    For these JAX would compile programs: a fifth of the time to load a BERT, which has dozens of generators, and 25 MB.
    """
    if isinstance(variable._initializer, keras.initializers.Zeros):
        return np.zeros(variable.shape, np.dtype(variable.dtype))
    if variable.name != GENERATOR_STATE:
        return None
    initializer = variable._initializer
    names = getattr(getattr(initializer, "__code__", None), "co_freevars", ())
    if "seed" not in names:
        return None
    seed = initializer.__closure__[names.index("seed")].cell_contents
    largest = np.iinfo(variable.dtype).max
    return np.array([seed, 0], variable.dtype) if isinstance(seed, int) and 0 <= seed <= largest else None


def _address(value: Any) -> int | None:
    """Return the address of the values; `None` where it is unknown, because a backend copied or spread them."""
    try:
        return int(value.data_ptr() if keras.backend.backend() == "torch" else value.unsafe_buffer_pointer())
    except (AttributeError, RuntimeError, ValueError):
        return None


def _convert(array: np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    return array.astype(np.dtype(dtype), copy=False)


def _adopt_jax(array: np.ndarray[Any, Any], dtype: str) -> Any:
    import jax

    # On a CPU this shares memory that starts on a 64-byte boundary and copies any other.
    return jax.device_put(_convert(array, dtype), may_alias=True)


def _adopt_torch(array: np.ndarray[Any, Any], dtype: str) -> Any:
    import torch

    array = np.require(array, requirements=["ALIGNED", "WRITEABLE"])
    if array.dtype == ml_dtypes.bfloat16:  # NumPy and torch share no name for it
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)  # Keras converts the dtype, which torch does faster than NumPy


_ADOPT: dict[str, _Adopt] = {"jax": _adopt_jax, "torch": _adopt_torch}
