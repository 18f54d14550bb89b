"""Adapters of a task: saved as a preset of their own, and placed into a task that is loaded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from modelry.backbones import lora
from modelry.backbones.loading import backbone_weights
from modelry.checkpoints.weights import SourcedWeight
from modelry.errors import InputError, PresetFormatError
from modelry.presets import adapter as adapters
from modelry.presets.components import blamed_on
from modelry.presets.keras_hub import TASK
from modelry.presets.publish import new_preset
from modelry.presets.read import read_recipe
from modelry.presets.recipe import Origin
from modelry.storage.budget import Tally
from modelry.storage.options import OpenOptions
from modelry.storage.reference import parse_reference
from modelry.strict_json import write_json
from modelry.tasks.base.saving import record_task, serialized_task, task_components
from modelry.weights.build import uninitialized, values
from modelry.weights.load import load_mapped
from modelry.weights.save import save_safetensors
from modelry.weights.stores import bring_weights, open_weights, weight_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras

    from modelry.presets.recipe import Recipe
    from modelry.storage.budget import Budget


def place_adapter(recipe: Recipe, adapter: adapters.Adapter, task: Any, restored: bool, budget: Budget) -> None:
    """Add a preset's adapters to the backbone of a task; if `restored`, place its other weights too.

    Raises:
        UnsafePresetError: The adapters take more than the budget allows.
        WeightsError: They do not fit.
        PresetFormatError: They belong to other weights or layers, or the file is damaged.
    """
    adapters.check_base(adapter, recipe.files)
    where = f"Adapter {adapter.files.reference!r}"
    dense = lora.dense_by_path(task.backbone)
    for path in adapter.layers:
        if path not in dense:
            raise PresetFormatError(f"{where} is for the layer {path!r:.200}, which its base has not.")
    with blamed_on(f"{where} has bad adapters"), uninitialized(Tally(budget, where)):
        lora.add(task.backbone, [dense[path] for path in adapter.layers], adapter.rank, adapter.alpha)
    bring_weights(adapter.files, [adapters.WEIGHTS], budget)
    store = open_weights(adapter.files, adapters.WEIGHTS, budget)
    weights = [SourcedWeight(variable, name) for name, variable in _weights(task, restored).items()]
    load_mapped(weights, store, where=f"{adapters.WEIGHTS} of {where}", ignored=() if restored else ("head/*",))


def save_adapter(
    task: Any,
    preset_dir: str | os.PathLike[str],
    base: str | os.PathLike[str] | None,
    publishing: Mapping[str, Any],
) -> None:
    """Write a preset of a task's adapters and other weights; see `Task.save_adapter`."""
    layers = [(path, layer) for path, layer in lora.dense_by_path(task.backbone).items() if layer.lora_enabled]
    if not layers:
        raise InputError("The model has no adapters. Call enable_lora(rank) before training, or save_to_preset().")
    origin = task.origin if base is None else Origin.of(base, OpenOptions())
    if origin is None:
        raise InputError("The model was not loaded from a preset. Pass base= with one that has its backbone's weights.")
    _check_same_place(preset_dir, origin)
    _check_same_weights(task.backbone, origin)
    recipe = read_recipe(origin.reference, origin.options)
    first = layers[0][1]
    written = serialized_task(task)
    own = {key: value for key, value in written["config"].items() if key not in ("backbone", "preprocessor")}
    config = {
        "adapter": adapters.KIND,
        "rank": first.lora_rank,
        "alpha": first.lora_alpha,
        "layers": [path for path, _ in layers],
        "base": origin.reference,
        "base_files": adapters.digests(recipe.files, weight_files(recipe.files, recipe.backbone_weights)),
        "sequence_length": getattr(task.preprocessor, "sequence_length", None),
    }
    with new_preset(preset_dir, publishing) as folder:
        write_json(folder / "config.json", config)
        write_json(folder / TASK, {**written, "config": own})
        save_safetensors(folder / adapters.WEIGHTS, _weights(task, whole=True))
        record_task(folder, task, task_components(task), {"task": adapters.WEIGHTS})


def _weights(task: Any, whole: bool) -> dict[str, keras.Variable]:
    """Return the variables of an adapter by stored name; those outside the backbone too if it is the `whole` task."""
    found = {
        f"backbone/{path}/{name}": getattr(layer, name)
        for path, layer in lora.dense_by_path(task.backbone).items()
        if layer.lora_enabled
        for name in lora.MATRICES
    }
    own = task.own_weights().items() if whole else ()
    return {**found, **{f"head/{name}": variable for name, variable in own}}


def _check_same_place(preset_dir: str | os.PathLike[str], origin: Origin) -> None:
    """Check that an adapter that is published does not name a folder of this machine."""
    if parse_reference(preset_dir).scheme != "file" and os.path.isabs(origin.reference):
        raise InputError(
            f"The adapter would name {origin.reference!r}, a folder of this machine, as its base, and nobody else "
            "could load it. Publish the base as well, and pass base= with its URI."
        )


def _check_same_weights(backbone: Any, origin: Origin) -> None:
    """Check that a preset has the weights that a backbone has beside its adapters."""
    options = attrs.asdict(origin.options, recurse=False)
    base = type(backbone).from_preset(
        origin.reference,
        dtype=backbone.dtype_policy,
        **{name: value for name, value in options.items() if value is not None},
    )
    with lora.without(backbone):
        own = backbone_weights(backbone)
    theirs = backbone_weights(base)
    for name, variable in own.items():
        other = theirs.get(name)
        if other is None or not np.array_equal(values(variable), values(other)):
            raise InputError(
                f"The backbone has other weights than its base {origin.reference!r} has, {name} for example: it was "
                "trained before it had adapters. Save it with save_to_preset() first, without adapters, and pass base= "
                "with that preset; or save the whole model with save_to_preset()."
            )
