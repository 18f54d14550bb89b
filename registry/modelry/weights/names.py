"""What every weight of a list of layers is called in a file.

The names are the paths that Keras' own writer gives the same variables, so that files made by Keras, KerasHub and
modelry are one format: `layers/transformer_encoder_1/_self_attention_layer/query_dense/vars/0`. A layer of the list
goes by its class and a counter, a layer inside another by the attribute that holds it, a variable by its number among
those that its layer stores.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import keras

from modelry.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


def layer_weights(
    layers: Sequence[keras.layers.Layer], prefix: str = "layers", *, skip: Iterable[keras.layers.Layer] = ()
) -> dict[str, keras.Variable]:
    """The stored name of every weight of `layers`, with the variable it names.

    State that is no weight (random generators, metrics, optimizers) has no name. No variable needs a value yet.

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
                "is no variable. Merge LoRA weights, and leave preprocessing layers out of the model."
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
