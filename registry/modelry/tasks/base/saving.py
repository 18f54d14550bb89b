"""Saving of tasks as presets, in KerasHub's layout or as transformers does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from modelry.arguments import KERAS_ARGUMENTS
from modelry.backbones.checkpoint_writer import write_checkpoint
from modelry.backbones.int8 import quantized_paths, serialized_policy
from modelry.backbones.lora import merged
from modelry.backbones.saving import (
    check_options,
    checked_preprocessor,
    components_of,
    record,
    serialized_backbone,
    write_backbone,
)
from modelry.errors import InputError, SaveError
from modelry.preprocessing.preprocessor import write_preprocessor
from modelry.presets.components import Serialized, owner_of_class, serialized
from modelry.presets.keras_hub import TASK, TASK_WEIGHTS
from modelry.presets.write import new_preset
from modelry.strict_json import write_json
from modelry.weights.load import load_weights
from modelry.weights.save import save_hdf5
from modelry.weights.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras

    from modelry.backbones.backbone import Backbone
    from modelry.presets.task_spec import TaskSpec


class SavableTask(Protocol):
    """The parts of a task that a preset is made of."""

    name: str
    backbone: Backbone
    keras_hub_class: ClassVar[str | None]

    @property
    def preprocessor(self) -> Any:
        """The preprocessor: a `Preprocessor`, another callable, or `None`."""

    def spec(self) -> TaskSpec:
        """Return the description of this kind of task."""

    def facts(self) -> dict[str, Any]:
        """Return the facts that the manifest keeps."""

    def saved_config(self) -> dict[str, Any]:
        """Return the arguments that are neither parts nor facts."""

    def saved_parts(self) -> dict[str, Any]:
        """Return role → component besides backbone and preprocessor."""

    def own_layers(self) -> list[keras.layers.Layer]:
        """Return the layers outside the backbone."""

    def own_weights(self) -> dict[str, keras.Variable]:
        """Return the variables outside the backbone by stored name."""

    def _flatten_layers(self, include_self: bool = True) -> list[keras.layers.Layer]: ...


def save_task(
    task: SavableTask,
    preset_dir: str | os.PathLike[str],
    max_shard_size: float | None,
    format_name: str,
    dtype: str | None,
    publishing: Mapping[str, Any],
) -> None:
    """Write a preset that holds a whole task; `publishing` holds options of `upload_preset`."""
    check_options(task, format_name, dtype)
    preprocessor = checked_preprocessor(task.preprocessor)
    with new_preset(preset_dir, publishing) as folder, merged(task.backbone):
        if format_name == "transformers":
            write_checkpoint(folder, task.backbone, preprocessor, max_shard_size, dtype, task)
            return
        whole = serialized_task(task)
        write_json(folder / TASK, whole)
        weights = {
            "backbone": write_backbone(folder, task.backbone, whole["config"]["backbone"], max_shard_size, dtype)
        }
        if preprocessor is not None:
            write_preprocessor(folder, preprocessor, whole["config"]["preprocessor"])
        if own := task.own_weights():
            save_hdf5(folder / TASK_WEIGHTS, own, dtype=dtype)
            weights["task"] = TASK_WEIGHTS
        record_task(folder, task, [*task_components(task), *components_of(preprocessor)], weights)


def task_components(task: SavableTask) -> list[tuple[str, Any]]:
    """Return kind and component of a task and its parts, the preprocessor excepted."""
    roles = task.spec().parts
    parts = [(roles[role], part) for role in roles if (part := getattr(task, role, None)) is not None]
    return [("backbones", task.backbone), ("tasks", task), *parts]


def record_task(folder: Path, task: SavableTask, components: list[tuple[str, Any]], weights: dict[str, str]) -> None:
    """Write the `modelry.json` of a preset with a task."""
    spec = task.spec()
    name = owner_of_class(type(spec)).name
    record(folder, [*components, ("task_specs", spec)], weights, name, task.facts())


def serialized_task(task: SavableTask) -> Serialized:
    """Return the contents of `task.json`, with copies of the backbone's and the preprocessor's.

    Raises:
        SaveError: The preprocessor is a plain callable, which no file can hold.
    """
    preprocessor = checked_preprocessor(task.preprocessor)
    is_quantized = bool(quantized_paths(task))
    config = {
        "backbone": serialized_backbone(task.backbone),
        "preprocessor": None if preprocessor is None else preprocessor.serialized(),
        "name": task.name,
        **task.saved_config(),
    }
    if is_quantized:
        config["dtype"] = serialized_policy(task.own_layers(), task.backbone.dtype_policy)
    parts = {role: serialized(part, None, _config(part)) for role, part in task.saved_parts().items()}
    for_keras_hub = task.keras_hub_class and not parts and not is_quantized
    return serialized(task, config if for_keras_hub else None, {**config, **parts})


def _config(part: Any) -> dict[str, Any]:
    return {key: value for key, value in part.get_config().items() if key not in KERAS_ARGUMENTS}


def save_task_weights(task: SavableTask, filepath: str | os.PathLike[str]) -> None:
    """Write the weights outside the backbone; see `Task.save_task_weights`."""
    path, weights = _weights_file(filepath), task.own_weights()
    if not weights:
        raise SaveError(f"{type(task).__name__} has no weights outside its backbone. Use save_to_preset.")
    save_hdf5(path, weights)


def load_task_weights(task: SavableTask, filepath: str | os.PathLike[str]) -> None:
    """Read the weights outside the backbone; see `Task.load_task_weights`."""
    path = _weights_file(filepath)
    load_weights(task.own_weights(), open_store(path), where=str(path))


def _weights_file(path: str | os.PathLike[str]) -> Path:
    if not os.fspath(path).endswith(".weights.h5"):
        raise InputError(f"The name of a file of weights ends in .weights.h5, and {os.fspath(path)!r} does not.")
    return Path(path)
