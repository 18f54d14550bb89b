"""Low-rank adapters (LoRA): small trained matrices beside kernels that stay as they are.

Reference: [Hu et al., 2021](https://arxiv.org/abs/2106.09685).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import keras

from modelry.errors import InputError
from modelry.weights.build import forget
from modelry.weights.load import layer_weights
from modelry.weights.save import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np

    Dense: TypeAlias = keras.layers.Dense | keras.layers.EinsumDense

TARGETS = ("query", "value", "query_dense", "value_dense", "q_dense", "v_dense")
"""The names of the layers that get adapters by default: those of queries and values."""

MATRICES = ("lora_kernel_a", "lora_kernel_b")


class Adaptable(Protocol):
    """The parts of a Keras model that adapters change."""

    trainable: bool

    @property
    def variables(self) -> list[keras.Variable]:
        """All variables."""

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """The layers, without those inside them."""

    def _flatten_layers(self, include_self: bool = True) -> list[keras.layers.Layer]: ...


def enable(backbone: Adaptable, rank: int, names: Sequence[str] | None, default: Sequence[str]) -> None:
    """Freeze a backbone, and add adapters to its layers of these names; `default` stands in for `None`.

    Raises:
        InputError: There are adapters already, the rank is not a positive number, or no dense layer has such a name.
    """
    if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1:
        raise InputError(f"rank must be a positive whole number, not {rank!r}.")
    if adapted(backbone):
        raise InputError("The model has adapters already. Call merge_lora() first, or load it again.")
    given = default if names is None else names
    wanted = (given,) if isinstance(given, str) else tuple(given)
    dense = list(_dense_layers(backbone))
    if any(layer.quantization_mode for layer in dense):
        raise InputError("The model is quantized, and adapters are for models that are not. Load the float preset.")
    chosen = [layer for layer in dense if layer.name in wanted]
    missing = () if names is None else set(wanted) - {layer.name for layer in chosen}
    if not chosen or missing:
        raise InputError(
            f"{type(backbone).__name__} has no dense layer called {', '.join(sorted(missing or wanted))}. Pass "
            f"target_layer_names= with some of: {', '.join(sorted({layer.name for layer in dense}))}."
        )
    add(backbone, chosen, rank, rank)


def add(backbone: Adaptable, layers: Iterable[Dense], rank: int, alpha: float) -> None:
    """Freeze a backbone, and add adapters to some of its layers."""
    for variable in backbone.variables:
        variable.trainable = False
    for layer in layers:
        layer.enable_lora(rank, lora_alpha=alpha)


def merge(backbone: Adaptable) -> None:
    """Add every adapter to its kernel, and take it away. The backbone is trained as a whole again."""
    for layer in adapted(backbone):
        kernel = _merged_kernel(layer)
        layer.lora_enabled, layer.lora_rank = False, None
        layer.kernel.assign(kernel)
        for name in MATRICES:
            forget(layer, name)
    trainable = backbone.trainable
    backbone.trainable = not trainable  # on TensorFlow, to set what is set already does nothing
    backbone.trainable = trainable


@contextlib.contextmanager
def merged(backbone: Adaptable) -> Iterator[None]:
    """Add the adapters to the kernels while the block runs, for writing or converting them."""
    layers = adapted(backbone)
    kernels = [_merged_kernel(layer) for layer in layers]
    with without(backbone):
        own = [values(layer.kernel).copy() for layer in layers]
        try:
            for layer, kernel in zip(layers, kernels, strict=True):
                layer.kernel.assign(kernel)
            yield
        finally:
            for layer, kernel in zip(layers, own, strict=True):
                layer.kernel.assign(kernel)


@contextlib.contextmanager
def without(backbone: Adaptable) -> Iterator[None]:
    """Hide the adapters while the block runs; the backbone can be described then, but not run."""
    layers = adapted(backbone)
    for layer in layers:
        layer.lora_enabled = False
    try:
        yield
    finally:
        for layer in layers:
            layer.lora_enabled = True


def adapted(backbone: Adaptable) -> list[Dense]:
    """Return the layers that have adapters."""
    return [layer for layer in _dense_layers(backbone) if layer.lora_enabled]


def dense_by_path(backbone: Adaptable) -> Mapping[str, Dense]:
    """Return the dense layers by the path under which files store them, adapters aside."""
    with without(backbone):
        paths = {id(one): name.rpartition("/vars/")[0] for name, one in layer_weights(backbone.layers).items()}
        return {paths[id(layer.kernel)]: layer for layer in _dense_layers(backbone)}


def _dense_layers(backbone: Adaptable) -> Iterator[Dense]:
    for layer in backbone._flatten_layers(include_self=False):
        if type(layer) is keras.layers.Dense or type(layer) is keras.layers.EinsumDense:
            yield layer


def _merged_kernel(layer: Dense) -> np.ndarray[Any, Any]:
    """Return kernel and adapter in one, in the kernel's own precision; Keras' sum is in the precision of computing."""
    first, second = (values(getattr(layer, name)) for name in MATRICES)  # (…, r), (r, D)
    scale = layer.lora_alpha / layer.lora_rank
    layer.lora_enabled = False
    try:
        kernel = values(layer.kernel)
    finally:
        layer.lora_enabled = True
    whole: np.ndarray[Any, Any] = kernel.astype("float32") + scale * (first @ second)
    return whole.astype(kernel.dtype)
