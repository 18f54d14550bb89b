"""Kernels and tables in eight bits: the layers that have them, saved and restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.errors import SaveError
from modelry.weights.stores import open_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keras.dtype_policies import DTypePolicy

    from modelry.presets.recipe import Recipe
    from modelry.storage.options import Budget
    from modelry.weights.build import LayerTree

LAYERS = (
    keras.layers.Dense,
    keras.layers.EinsumDense,
    keras.layers.Embedding,
    keras.layers.ReversibleEmbedding,
)
"""The layers that Keras quantizes."""

MODE = "int8"


def can_quantize(layer: keras.layers.Layer) -> bool:
    """Return whether Keras quantizes a layer; of others it warns."""
    return type(layer) in LAYERS


def quantized_paths(*layers: LayerTree) -> list[str]:
    """Return the paths of the quantized layers in models or layers, themselves included."""
    inner = [one for layer in layers for one in layer._flatten_layers()]
    return sorted({one.path for one in inner if can_quantize(one) and one.quantization_mode})


def check_savable(layer: LayerTree) -> None:
    """Check that the quantized layers of a model are of the one mode that presets have.

    Raises:
        SaveError: One is of another.
    """
    for one in layer._flatten_layers(include_self=False):
        mode = one.quantization_mode if can_quantize(one) else None
        if mode not in (None, MODE):
            raise SaveError(
                f"The layer {one.path} is quantized to {mode}, and presets hold {MODE} only. Load the float model "
                f"again, and call quantize({MODE!r})."
            )


def serialized_policy(layers: Iterable[LayerTree], policy: DTypePolicy) -> dict[str, Any]:
    """Return the dtype policy of layers, one by one where some are quantized, as Keras serializes it.

    Args:
        layers: A model, in a list, or some of its layers.
        policy: The policy of the layers that are not quantized.
    """
    paths = quantized_paths(*layers)
    written: dict[str, Any] = keras.dtype_policies.serialize(_policy_map(paths, policy.name) if paths else policy)
    return written


def saved_policy(
    recipe: Recipe, stored: Iterable[tuple[str, Mapping[str, keras.Variable]]], source: DTypePolicy, budget: Budget
) -> DTypePolicy:
    """Return the policy with which a model has the layers quantized that are so in its files.

    Libraries give the same layer different paths, so the paths in configs are not what counts here.

    Args:
        recipe: The preset.
        stored: Each file of weights, with the variables of a float model by the name that the file has for them.
        source: The policy of that model.
        budget: What the files may announce.
    """
    paths = []
    for name, variables in stored:
        store = open_weights(recipe.files, name, budget)
        found = [one for one in variables.keys() & store.names() if store.info(one).dtype == np.int8]
        paths += [variables[one].path.rpartition("/")[0] for one in found]
    return _policy_map(sorted(paths), source.name)


def _policy_map(paths: Iterable[str], source: str) -> DTypePolicy:
    policy = keras.dtype_policies.QuantizedDTypePolicy(MODE, source)
    return keras.dtype_policies.DTypePolicyMap(source, dict.fromkeys(paths, policy))
