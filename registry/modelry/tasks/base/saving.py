"""Write backbones and tasks as presets, in KerasHub's layout or as transformers does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from modelry.arguments import one_of
from modelry.backbones.int8 import check_savable, quantized_paths
from modelry.backbones.lora import merged
from modelry.backbones.weights import backbone_weights, head_weights
from modelry.errors import SaveError
from modelry.preprocessing.preprocessor import Preprocessor
from modelry.preprocessing.saving import write_preprocessor
from modelry.presets.components import owner_of
from modelry.presets.keras_hub import BACKBONE_WEIGHTS, METADATA, TASK, TASK_WEIGHTS
from modelry.presets.manifest import Manifest
from modelry.presets.publish import new_preset
from modelry.presets.write import write_manifest
from modelry.strict_json import write_json
from modelry.tasks.base import transformers_saving
from modelry.tasks.base.saved_objects import serialized_backbone, serialized_task
from modelry.weights.save import FLOATS, save_hdf5

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from modelry.backbones.backbone import Backbone
    from modelry.presets.parts import Serialized
    from modelry.tasks.text_classifier.task import TextClassifier

FORMATS = ("modelry", "transformers")


def save_backbone(
    backbone: Backbone,
    preprocessor: Preprocessor | None,
    preset_dir: str | os.PathLike[str],
    max_shard_size: float | None,
    format_name: str,
    dtype: str | None,
    publishing: Mapping[str, Any],
) -> None:
    """Write a preset without a task; `publishing` holds options of `upload_preset`."""
    _check(backbone, format_name, dtype)
    if format_name == "transformers":
        with new_preset(preset_dir, publishing) as folder, merged(backbone):
            transformers_saving.write_backbone(folder, backbone, preprocessor, max_shard_size, dtype)
        return
    components = [("backbones", backbone), *_preprocessor_components(preprocessor)]
    with new_preset(preset_dir, publishing) as folder, merged(backbone):
        written = _write_backbone(folder, backbone, serialized_backbone(backbone), max_shard_size, dtype)
        if preprocessor is not None:
            write_preprocessor(folder, preprocessor)
        record(folder, components, {"backbone": written})


def save_task(
    task: TextClassifier,
    preset_dir: str | os.PathLike[str],
    max_shard_size: float | None,
    format_name: str,
    dtype: str | None,
    publishing: Mapping[str, Any],
) -> None:
    """Write a preset that holds a whole task; `publishing` holds options of `upload_preset`."""
    _check(task, format_name, dtype)
    if format_name == "transformers":
        with new_preset(preset_dir, publishing) as folder, merged(task.backbone):
            transformers_saving.write_task(folder, task, max_shard_size, dtype)
        return
    preprocessor = task.preprocessor if isinstance(task.preprocessor, Preprocessor) else None
    components = [("backbones", task.backbone), ("tasks", task), ("heads", task.head)]
    components += _preprocessor_components(preprocessor)
    with new_preset(preset_dir, publishing) as folder, merged(task.backbone):
        whole = serialized_task(task)
        write_json(folder / TASK, whole)
        written = _write_backbone(folder, task.backbone, whole["config"]["backbone"], max_shard_size, dtype)
        if preprocessor is not None:
            write_preprocessor(folder, preprocessor, whole["config"]["preprocessor"])
        save_hdf5(folder / TASK_WEIGHTS, head_weights(task.head), dtype=dtype)
        weights = {"backbone": written, "task": TASK_WEIGHTS}
        record(folder, components, weights, task.labels, task.problem_type)


def _check(model: Backbone | TextClassifier, format_name: str, dtype: str | None) -> None:
    one_of("format", format_name, FORMATS)
    one_of("dtype", dtype, (None, *FLOATS))
    check_savable(model)
    if format_name == "transformers" and quantized_paths(model):
        raise SaveError("The model is quantized, and transformers cannot compute the same. Save the float model.")


def _preprocessor_components(preprocessor: Preprocessor | None) -> list[tuple[str, Any]]:
    if preprocessor is None:
        return []
    return [("preprocessors", preprocessor), *preprocessor.components().items()]


def _write_backbone(
    folder: Path, backbone: Backbone, config: Serialized, max_shard_size: float | None, dtype: str | None
) -> str:
    write_json(folder / "config.json", config)
    write_json(
        folder / METADATA,
        {
            "keras_version": keras.__version__,
            "parameter_count": backbone.count_params(),
            "tasks": ["TextClassifier"],
        },
    )
    path, weights = folder / BACKBONE_WEIGHTS, backbone_weights(backbone)
    return save_hdf5(path, weights, max_shard_size=max_shard_size, dtype=dtype)[0].name


def record(
    folder: Path,
    components: Iterable[tuple[str, Any]],
    weights: dict[str, str],
    labels: tuple[str, ...] | None = None,
    problem_type: str | None = None,
) -> None:
    """Write `modelry.json`, which is last.

    Args:
        folder: The preset.
        components: Kind → component.
        weights: Role → file.
        labels: The names of the classes.
        problem_type: What the scores mean.
    """
    owners = {kind: owner_of(component) for kind, component in components}
    requires = sorted({owner.requirement for owner in owners.values()})
    versions = dict(sorted((owner.distribution, owner.version) for owner in owners.values()))
    names = {kind: owner.name for kind, owner in owners.items()}
    write_manifest(folder, Manifest(names, tuple(requires), versions, labels, problem_type, weights, files={}))
