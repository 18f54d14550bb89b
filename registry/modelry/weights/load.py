"""Placing stored tensors into variables.

Every header is checked first, and nothing is placed unless all of them fit.
"""

from __future__ import annotations

import functools
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.checkpoints.weights import SourcedWeight
from modelry.errors import WeightsError
from modelry.weights.build import place
from modelry.weights.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from modelry.weights.tensors import TensorStore

MAX_LISTED = 8


def load_weights(variables: Mapping[str, keras.Variable], store: TensorStore, *, where: str) -> None:
    """Place the tensor of each name into the variable of that name.

    Args:
        variables: The model's weights by name, as `layer_weights` gives them.
        store: The file, whose tensors must be exactly these. Their dtypes may differ.
        where: What to call the file in an error.

    Raises:
        WeightsError: Some variables and tensors do not fit each other. None was placed.
        PresetFormatError: The file was written to in the meantime.
    """
    load_mapped((SourcedWeight(variable, name) for name, variable in variables.items()), store, where=where)


def load_mapped(
    weights: Iterable[SourcedWeight],
    store: TensorStore,
    *,
    where: str,
    optional: Sequence[str] = (),
    ignored: Sequence[str] = (),
) -> list[keras.Variable]:
    """Place the tensors of a foreign checkpoint.

    Args:
        weights: Each variable with its source. Two variables may share a source.
        store: The checkpoint.
        where: What to call the checkpoint in an error.
        optional: Patterns (`pooler.*`) of names that may be missing.
        ignored: Patterns of tensors that need not be taken.

    Returns:
        The variables of the optional weights that were missing. They have no value yet.

    Raises:
        WeightsError: Some variables and tensors do not fit each other. None was placed.
        PresetFormatError: The file was written to in the meantime.
    """
    weights = list(weights)
    stored = set(store.names())
    found: list[tuple[SourcedWeight, str, str | None]] = []
    missing: list[keras.Variable] = []
    problems: list[str] = []
    for weight in weights:
        name = next((name for name in weight.names if name in stored), None)
        plus = next((name for name in weight.plus if name in stored), None)
        if name is not None:
            problems += _misfit(_expected(weight), name, store.info(name))
            problems += [] if plus is None else _plus_misfit(weight, plus, store.info(plus))
            found.append((weight, name, plus))
        elif not weight.names or any(_matches(name, optional) for name in weight.names):
            missing.append(weight.variable)
        else:
            problems.append(f"{' or '.join(weight.names)}: expected {_expected(weight)}, missing")
    taken = {name for _, *names in found for name in names}
    problems += [
        f"{name}: in the file ({store.info(name)}), but nothing in the model takes it"
        for name in sorted(stored - taken)
        if not _matches(name, ignored)
    ]
    if problems:
        raise WeightsError(_report(problems, where, len(weights), len(stored)))
    for weight, name, plus in found:
        array = weight.layout.read(store.read(name), tuple(weight.variable.shape))
        if plus is not None:
            array = array + store.read(plus)[0]
        if not place(weight.variable, array):
            store.release(name)  # or the file and the model would be in memory both
    store.check_unchanged()
    return missing


def _misfit(expected: TensorInfo, name: str, info: TensorInfo) -> list[str]:
    if info.shape == expected.shape and _kind(info.dtype) == _kind(expected.dtype):
        return []
    return [f"{name}: expected {expected}, found {info}"]


def _expected(weight: SourcedWeight) -> TensorInfo:
    """The header that a tensor for `weight` has in the file, but for the precision of its numbers."""
    return TensorInfo(weight.layout.stored_shape(tuple(weight.variable.shape)), np.dtype(weight.variable.dtype))


def _plus_misfit(weight: SourcedWeight, name: str, info: TensorInfo) -> list[str]:
    """Compare the tensor whose first row is added to those of `weight`; its number of rows does not matter."""
    columns = _expected(weight).shape[1:]
    rows = max(info.shape[0], 1) if info.shape else 1
    return _misfit(TensorInfo((rows, *columns), np.dtype(weight.variable.dtype)), name, info)


def _kind(dtype: np.dtype[np.generic]) -> str:
    """Floats (`ml_dtypes`' are of NumPy's kind V), integers or booleans. A cast between these loses meaning."""
    return {"V": "f", "u": "i"}.get(dtype.kind, dtype.kind)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _report(problems: list[str], where: str, weights: int, tensors: int) -> str:
    listed = problems[:MAX_LISTED]
    if len(problems) > len(listed):
        listed.append(f"... and {len(problems) - len(listed)} more")
    return "\n  ".join(
        [
            f"{where} does not fit the model: {len(problems)} problem(s) between the model's {weights} weights and the "
            f"file's {tensors} tensors. Nothing was loaded.",
            *listed,
            "Build the model with the configuration that these weights were saved with, or choose other weights.",
        ]
    )


def layer_weights(
    layers: Sequence[keras.layers.Layer], prefix: str = "layers", *, skip: Iterable[keras.layers.Layer] = ()
) -> dict[str, keras.Variable]:
    """The stored name of every weight of `layers`, with the variable it names.

    State other than weights (random generators, metrics, optimizers) has no name. No variable needs a value yet.

    Args:
        layers: The layers, in the order that numbers them: a functional model's `layers`.
        prefix: What every name starts with.
        skip: Layers whose weights, and those of the layers inside them, are stored elsewhere. They keep their number.

    Raises:
        WeightsError: A layer stores something other than its variables.
    """
    seen: set[int] = set()
    for layer in skip:
        _walk(layer, "", {}, seen)
    names: dict[str, keras.Variable] = {}
    _walk_container(layers, prefix, names, seen)
    return names


def _walk(layer: keras.layers.Layer, path: str, names: dict[str, keras.Variable], seen: set[int]) -> None:
    """Name the variables of `layer`, then those of the layers in its attributes; the first path to a layer wins."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    stored: dict[str, Any] = {}
    layer.save_own_variables(stored)  # the public hook that decides which variables a layer stores, in which order
    for key, variable in stored.items():
        if not isinstance(variable, keras.Variable):
            raise WeightsError(
                f"Layer {layer.name!r} ({type(layer).__name__}) stores a {type(variable).__name__} as {key!r}, which "
                "is not a variable. Merge LoRA weights, and leave preprocessing layers out of the model."
            )
        names[f"{path}/vars/{key}"] = variable
    for attribute, value in _attributes(layer):
        if isinstance(value, keras.layers.Layer):
            _walk(value, f"{path}/{attribute}", names, seen)
        elif isinstance(value, (list, tuple, dict)):
            _walk_container(value, f"{path}/{attribute}", names, seen)


def _walk_container(
    container: Sequence[Any] | Mapping[Any, Any],
    path: str,
    names: dict[str, keras.Variable],
    seen: set[int],
    containers: frozenset[int] = frozenset(),
) -> None:
    """Name what the layers of a list hold. Each goes by its class, a list inside by `container`, both counted."""
    if id(container) in containers:
        return
    used: dict[str, int] = {}
    for item in container.values() if isinstance(container, dict) else container:
        if isinstance(item, keras.layers.Layer):
            _walk(item, f"{path}/{_numbered(_snake_case(type(item).__name__), used)}", names, seen)
        elif isinstance(item, (list, tuple, dict)):
            inner = f"{path}/{_numbered('container', used)}"
            _walk_container(item, inner, names, seen, containers | {id(container)})


def _attributes(layer: keras.layers.Layer) -> Iterator[tuple[str, Any]]:
    """The attributes that may lead to layers, in the order in which Keras visits them."""
    cls: type = type(layer)
    aliases: dict[str, str] = _aliases(cls)
    values = dict(vars(layer))
    values |= values.get("_modules", {})  # torch keeps the layers here
    values |= {name: values[backing] for name, backing in aliases.items() if backing in values}
    if isinstance(layer, keras.Model):
        values["layers"] = layer.layers
    if isinstance(layer, (keras.Function, keras.Sequential)):
        yield "layers", values.pop("layers")
    for name in sorted(values.keys() - _bookkeeping(), key=lambda name: f"~{name}" if name.startswith("_") else name):
        if not name.startswith("__"):
            yield name, values[name]


@functools.lru_cache(maxsize=1024)
def _aliases(cls: type) -> dict[str, str]:
    """Properties that publish a private attribute: `query_dense` for `_query_dense`.

    A layer behind such a property is stored under the property's name. Running arbitrary properties could cost time or
    fail, so a property counts if its code mentions the attribute.
    """
    aliases: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            code = getattr(getattr(member, "fget", None), "__code__", None)
            aliases.pop(name, None)
            if code is not None and f"_{name}" in code.co_names:
                aliases[name] = f"_{name}"
    return aliases


@functools.cache
def _bookkeeping() -> frozenset[str]:
    """The attributes that hold Keras' own records: those of every layer, and TensorFlow's of the layers in a layer."""
    return frozenset({*dir(keras.layers.Layer(name="layer")), "_self_unconditional_dependency_names"})


def _numbered(name: str, used: dict[str, int]) -> str:
    number = used[name] = used.get(name, -1) + 1
    return f"{name}_{number}" if number else name


@functools.lru_cache(maxsize=1024)
def _snake_case(name: str) -> str:
    """`BertEncoder` → `bert_encoder`, `MLPBlock2D` → `mlp_block2d`."""
    words = re.sub(r"(?<=.)([A-Z][a-z])", r"_\1", re.sub(r"\W", "", name))
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", words).lower()
