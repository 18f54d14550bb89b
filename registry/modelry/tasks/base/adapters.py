"""Adapters and quantization of a task; adapters are saved as a preset of their own, and placed into a loaded task."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import numpy as np

from modelry.backbones import int8, lora
from modelry.checkpoints.weights import SourcedWeight
from modelry.errors import InputError, PresetFormatError
from modelry.presets import adapter as adapters
from modelry.presets.components import blamed_on
from modelry.presets.keras_hub import TASK
from modelry.presets.read import read_recipe
from modelry.presets.recipe import Origin
from modelry.presets.write import new_preset
from modelry.storage.options import OpenOptions, Tally
from modelry.storage.paths import parse_reference
from modelry.strict_json import write_json
from modelry.tasks.base.saving import SavableTask, record_task, serialized_task, task_components
from modelry.tasks.base.training import RawInputModel
from modelry.weights.build import uninitialized
from modelry.weights.load import layer_weights, load_mapped
from modelry.weights.save import save_safetensors, values
from modelry.weights.stores import bring_weights, open_weights, weight_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras

    from modelry.backbones.backbone import Backbone
    from modelry.presets.recipe import Adapter, Recipe
    from modelry.storage.options import Budget


class AdaptableModel(RawInputModel):
    """A model on a backbone that takes low-rank adapters, and can be quantized; abstract.

    Attributes:
        origin: The preset that the backbone was loaded from, or `None`.
    """

    backbone: Backbone
    origin: Origin | None = None

    def enable_lora(self, rank: int, target_layer_names: Sequence[str] | None = None) -> None:
        """Freeze the backbone, and add a low-rank adapter to some of its layers; the other layers train as before.

        The optimizer starts over. `fit` and `predict` work as before. `save_to_preset` saves the adapters in the
        weights, and `save_adapter` saves them alone.

        Reference: [Hu et al., 2021](https://arxiv.org/abs/2106.09685).

        Args:
            rank: The rank of the adapters: the number of values that each input and output of a layer gets.
            target_layer_names: The names of the dense layers; `None` for those of queries and values, as the backbone's
                `default_lora_layer_names` lists them.

        Raises:
            InputError: There are adapters already, the rank is not a positive number, or no dense layer has the name.
        """
        self.backbone.enable_lora(rank, target_layer_names)
        self.variables_changed()

    def merge_lora(self) -> None:
        """Add the adapters to their weights and remove them; outputs stay the same.

        Raises:
            InputError: The model has no adapters.
        """
        if not lora.adapted(self.backbone):
            raise InputError("The model has no adapters to merge. Call enable_lora(rank) before training.")
        lora.merge(self.backbone)
        self.origin = None
        self.variables_changed()

    def save_adapter(
        self: AdaptedTask,
        preset_dir: str | os.PathLike[str],
        base: str | os.PathLike[str] | None = None,
        **publishing: Any,
    ) -> None:
        """Write the adapters and the weights outside the backbone as a small preset that names its base preset.

        `from_preset` loads it together with the base, which must have the very weights that the backbone was trained
        on; this is checked now, and on loading.

        Args:
            preset_dir: The folder to write, or a URI to publish to; as in `save_to_preset`.
            base: The preset that the adapters belong to; `None` for the one that the model was loaded from.
            **publishing: For a URI, the options of `modelry.upload_preset`.

        Raises:
            InputError: The model has no adapters, its base is not known, or `base` has other weights.
            SaveError: The folder cannot be written, or holds files but no preset.
            ModelryError: The base cannot be loaded, or the URI cannot be written to.
        """
        save_adapter(self, preset_dir, base, publishing)

    def quantize(self, mode: str | None = None, config: Any = None, filters: Any = None, **kwargs: Any) -> None:
        """Store the kernels and tables of all layers in fewer bits, for predictions.

        With `"int8"` they take a quarter of the memory. `save_to_preset` and `from_preset` keep them so.

        Args:
            mode: `"int8"`; Keras' other modes work as far as they do in Keras, and cannot be saved.
            config: A `keras.quantizers.QuantizationConfig`, in place of the mode.
            filters: The layers to quantize; `None` for all that can be. See `keras.Model.quantize`.
            **kwargs: Passed to `keras.Model.quantize`.

        Raises:
            InputError: The model has adapters.
        """
        if lora.adapted(self.backbone):
            raise InputError("The model has adapters. Call merge_lora() first, then quantize.")
        super().quantize(mode, config=config, filters=int8.can_quantize if filters is None else filters, **kwargs)
        self.origin = None
        self.variables_changed()


class AdaptedTask(SavableTask, Protocol):
    """A task that may have adapters."""

    origin: Origin | None


def place_adapter(recipe: Recipe, adapter: Adapter, task: AdaptedTask, restored: bool, budget: Budget) -> None:
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
    task: AdaptedTask,
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


def _weights(task: AdaptedTask, whole: bool) -> dict[str, keras.Variable]:
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


def _check_same_weights(backbone: Backbone, origin: Origin) -> None:
    """Check that a preset has the weights that a backbone has beside its adapters."""
    options = attrs.asdict(origin.options, recurse=False)
    base = type(backbone).from_preset(
        origin.reference,
        dtype=backbone.dtype_policy,
        **{name: value for name, value in options.items() if value is not None},
    )
    with lora.without(backbone):
        own = layer_weights(backbone.layers)
    theirs = layer_weights(base.layers)
    for name, variable in own.items():
        other = theirs.get(name)
        if other is None or not np.array_equal(values(variable), values(other)):
            raise InputError(
                f"The backbone has other weights than its base {origin.reference!r} has, {name} for example: it was "
                "trained before it had adapters. Save it with save_to_preset() first, without adapters, and pass base= "
                "with that preset; or save the whole model with save_to_preset()."
            )
