"""Saving of backbones as presets, and the steps that tasks share with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import keras

from modelry.arguments import one_of
from modelry.backbones.checkpoint_writer import write_checkpoint
from modelry.backbones.int8 import check_savable, quantized_paths
from modelry.backbones.lora import Adaptable, merged
from modelry.errors import SaveError
from modelry.preprocessing.preprocessor import Preprocessor, write_preprocessor
from modelry.presets.components import Serialized, owner_of, serialized
from modelry.presets.keras_hub import BACKBONE_WEIGHTS, METADATA
from modelry.presets.manifest import Manifest
from modelry.presets.task_spec import task_specs
from modelry.presets.write import new_preset, write_manifest
from modelry.strict_json import write_json
from modelry.weights.load import layer_weights
from modelry.weights.save import FLOATS, save_hdf5

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from modelry.weights.build import LayerTree

FORMATS = ("modelry", "transformers")


class SavableBackbone(Adaptable, Protocol):
    """The parts of a backbone that a preset is made of."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub's class, or `None`."""

    def count_params(self) -> int:
        """Return the number of parameters."""


def save_backbone(
    backbone: SavableBackbone,
    preprocessor: Preprocessor | None,
    preset_dir: str | os.PathLike[str],
    max_shard_size: float | None,
    format_name: str,
    dtype: str | None,
    publishing: Mapping[str, Any],
) -> None:
    """Write a preset without a task; `publishing` holds options of `upload_preset`."""
    check_options(backbone, format_name, dtype)
    with new_preset(preset_dir, publishing) as folder, merged(backbone):
        if format_name == "transformers":
            write_checkpoint(folder, backbone, preprocessor, max_shard_size, dtype)
            return
        written = write_backbone(folder, backbone, serialized_backbone(backbone), max_shard_size, dtype)
        if preprocessor is not None:
            write_preprocessor(folder, preprocessor)
        record(folder, [("backbones", backbone), *components_of(preprocessor)], {"backbone": written})


def check_options(model: LayerTree, format_name: str, dtype: str | None) -> None:
    """Check the options of `save_to_preset`, and that a model can be saved with them.

    Raises:
        InputError: An option is unknown.
        SaveError: The model's quantized layers cannot be written in this format.
    """
    one_of("format", format_name, FORMATS)
    one_of("dtype", dtype, (None, *FLOATS))
    check_savable(model)
    if format_name == "transformers" and quantized_paths(model):
        raise SaveError("The model is quantized, and transformers cannot compute the same. Save the float model.")


def checked_preprocessor(preprocessor: Any) -> Preprocessor | None:
    """Return a task's preprocessor if a file can hold it.

    Raises:
        SaveError: It is a plain callable.
    """
    if preprocessor is None or isinstance(preprocessor, Preprocessor):
        return preprocessor
    raise SaveError(
        f"The preprocessor is {preprocessor!r}, not a modelry.Preprocessor, so it cannot be saved. "
        "Set the task's preprocessor to None before saving, and pass it to from_preset again."
    )


def components_of(preprocessor: Preprocessor | None) -> list[tuple[str, Any]]:
    """Return kind and component of a preprocessor and of the parts inside it."""
    return [] if preprocessor is None else [("preprocessors", preprocessor), *preprocessor.components().items()]


def serialized_backbone(backbone: SavableBackbone) -> Serialized:
    """Return the contents of `config.json`."""
    return serialized(backbone, backbone.keras_hub_config(), backbone.get_config())


def write_backbone(
    folder: Path, backbone: SavableBackbone, config: Serialized, max_shard_size: float | None, dtype: str | None
) -> str:
    """Write a backbone's config and weights; return the name of the file that holds, or lists, the weights."""
    write_json(folder / "config.json", config)
    write_json(
        folder / METADATA,
        {
            "keras_version": keras.__version__,
            "parameter_count": backbone.count_params(),
            "tasks": _tasks_for(backbone),
        },
    )
    path, weights = folder / BACKBONE_WEIGHTS, layer_weights(backbone.layers)
    return save_hdf5(path, weights, max_shard_size=max_shard_size, dtype=dtype)[0].name


def _tasks_for(backbone: SavableBackbone) -> list[str]:
    """Return the names, as KerasHub has them, of the tasks that the backbone's architecture registers."""
    return sorted({spec.class_name for _, spec in task_specs() if spec.is_registered_for(owner_of(backbone).name)})


def record(
    folder: Path,
    components: Iterable[tuple[str, Any]],
    weights: dict[str, str],
    task: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write `modelry.json`, which is last.

    Args:
        folder: The preset.
        components: Kind → component.
        weights: Role → file.
        task: The qualified name of the task.
        facts: Its facts, as JSON values.
    """
    owners = {kind: owner_of(component) for kind, component in components}
    requires = sorted({owner.requirement for owner in owners.values()})
    versions = dict(sorted((owner.distribution, owner.version) for owner in owners.values()))
    names = {kind: owner.name for kind, owner in owners.items() if kind != "task_specs"}
    manifest = Manifest(names, tuple(requires), versions, task, facts or {}, weights, files={})
    write_manifest(folder, manifest)
