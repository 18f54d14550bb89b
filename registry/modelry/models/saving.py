"""Write backbones and tasks in KerasHub's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from modelry.models.saved_objects import Serialized, serialized_backbone, serialized_task
from modelry.models.weights import backbone_weights, head_weights
from modelry.presets.components import owner_of
from modelry.presets.json_files import write_json
from modelry.presets.keras_hub import BACKBONE_WEIGHTS, METADATA, PREPROCESSOR, TASK, TASK_WEIGHTS, TOKENIZER
from modelry.presets.manifest import Manifest
from modelry.presets.publish import new_preset
from modelry.presets.write import write_manifest
from modelry.text.preprocessor import Preprocessor
from modelry.weights.save import save_hdf5

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from modelry.models.backbone import Backbone
    from modelry.models.text_classifier import TextClassifier


def save_backbone(
    backbone: Backbone,
    preset_dir: str | os.PathLike[str],
    max_shard_size: float | None,
    publishing: Mapping[str, Any],
) -> None:
    """Write a preset that holds a backbone only; `publishing` holds options of `upload_preset`."""
    with new_preset(preset_dir, publishing) as folder:
        weights = {"backbone": _write_backbone(folder, backbone, serialized_backbone(backbone), max_shard_size)}
        _write_manifest(folder, [("backbones", backbone)], weights, None)


def save_task(
    task: TextClassifier,
    preset_dir: str | os.PathLike[str],
    max_shard_size: float | None,
    publishing: Mapping[str, Any],
) -> None:
    """Write a preset that holds a whole task; `publishing` holds options of `upload_preset`."""
    components: list[tuple[str, Any]] = [("backbones", task.backbone), ("tasks", task), ("heads", task.head)]
    preprocessor = task.preprocessor if isinstance(task.preprocessor, Preprocessor) else None
    if preprocessor is not None:
        components += [("preprocessors", preprocessor), ("tokenizers", preprocessor.tokenizer)]
    with new_preset(preset_dir, publishing) as folder:
        whole = serialized_task(task)
        write_json(folder / TASK, whole)
        weights = {"backbone": _write_backbone(folder, task.backbone, whole["config"]["backbone"], max_shard_size)}
        if preprocessor is not None:
            _write_preprocessor(folder, preprocessor, whole["config"]["preprocessor"])
        save_hdf5(folder / TASK_WEIGHTS, head_weights(task.head))
        weights["task"] = TASK_WEIGHTS
        _write_manifest(folder, components, weights, task.labels)


def _write_backbone(folder: Path, backbone: Backbone, config: Serialized, max_shard_size: float | None) -> str:
    write_json(folder / "config.json", config)
    write_json(
        folder / METADATA,
        {
            "keras_version": keras.__version__,
            "parameter_count": backbone.count_params(),
            "tasks": ["TextClassifier"],
        },
    )
    return save_hdf5(folder / BACKBONE_WEIGHTS, backbone_weights(backbone), max_shard_size=max_shard_size)[0].name


def _write_preprocessor(folder: Path, preprocessor: Preprocessor, config: Serialized) -> None:
    write_json(folder / PREPROCESSOR, config)
    write_json(folder / TOKENIZER, config["config"]["tokenizer"])
    assets = folder / "assets" / "tokenizer"
    assets.mkdir(parents=True)
    preprocessor.tokenizer.save_assets(assets)


def _write_manifest(
    folder: Path, components: Iterable[tuple[str, Any]], weights: dict[str, str], labels: tuple[str, ...] | None
) -> None:
    owners = {kind: owner_of(component) for kind, component in components}
    requires = sorted({owner.requirement for owner in owners.values()})
    versions = dict(sorted((owner.distribution, owner.version) for owner in owners.values()))
    names = {kind: owner.name for kind, owner in owners.items()}
    write_manifest(folder, Manifest(names, tuple(requires), versions, labels, weights, files={}))
