"""Read KerasHub's layout, which is also the layout modelry writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.arguments import KERAS_ARGUMENTS
from modelry.presets.class_ids import registered_name
from modelry.presets.manifest import Manifest, read_manifest
from modelry.presets.nested import OBJECT, check_config, check_keys, checked_keras_name, dtype_name, is_quantized
from modelry.presets.recipe import Part, Recipe, TextParts
from modelry.storage.files import read_json
from modelry.strict_json import field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.storage.files import PresetFiles

TASK, PREPROCESSOR, TOKENIZER, METADATA = "task.json", "preprocessor.json", "tokenizer.json", "metadata.json"
BACKBONE_WEIGHTS, BACKBONE_SHARDS, TASK_WEIGHTS = "model.weights.h5", "model.weights.json", "task.weights.h5"
ASSETS = "assets/tokenizer/"

_KERAS_FACTS = (*KERAS_ARGUMENTS, "config_file")
_OBJECT = (*OBJECT, "assets", "weights")  # the last two as KerasNLP wrote them


def read(files: PresetFiles, config: Mapping[str, Any]) -> Recipe:
    """Read the Recipe of a preset in KerasHub's layout, v0.17 or later.

    Args:
        files: The preset.
        config: The contents of its `config.json`.
    """
    manifest = read_manifest(files)
    reader = _Reader(files, manifest)
    task = read_json(files, TASK) if TASK in files else None
    preprocessor = read_json(files, PREPROCESSOR) if PREPROCESSOR in files else None
    tokenizer = read_json(files, TOKENIZER) if TOKENIZER in files else None
    if task is not None:
        # KerasHub builds a task from the copies inside task.json, so they win over the files beside it.
        parts = reader.config_of(task, TASK)
        config = reader.object_in(parts, "backbone", TASK) or config
        preprocessor = reader.object_in(parts, "preprocessor", TASK) or preprocessor
    if preprocessor is not None:
        parts = reader.config_of(preprocessor, PREPROCESSOR)
        tokenizer = reader.object_in(parts, "tokenizer", PREPROCESSOR) or tokenizer
    text = TextParts(
        tokenizer=None if tokenizer is None else reader.part("tokenizers", tokenizer, TOKENIZER),
        preprocessor=None
        if preprocessor is None
        else reader.part("preprocessors", preprocessor, PREPROCESSOR, without=("tokenizer",)),
    )
    return Recipe(
        files=files,
        format="modelry" if manifest else "keras_hub",
        backbone=reader.backbone(config),
        text=lambda: text,
        task=None if task is None else reader.task(task),
        head=None if task is None else reader.head(task),
        labels=None if manifest is None else manifest.labels,
        problem_type=None if manifest is None else manifest.problem_type,
        requires=() if manifest is None else manifest.requires,
        versions={} if manifest is None else manifest.versions,
        backbone_weights=reader.weights("backbone", BACKBONE_WEIGHTS, BACKBONE_SHARDS) or BACKBONE_WEIGHTS,
        task_weights=reader.weights("task", TASK_WEIGHTS),
        quantized=reader.is_quantized(config, "config.json") or (task is not None and reader.is_quantized(task, TASK)),
    )


def read_task(files: PresetFiles, manifest: Manifest) -> tuple[Part, Part | None]:
    """Read the task, and its head if that is not the task's own, of a preset without a backbone."""
    reader, task = _Reader(files, manifest), read_json(files, TASK)
    return reader.task(task), reader.head(task)


class _Reader:
    """Reads the parts of one preset."""

    def __init__(self, files: PresetFiles, manifest: Manifest | None) -> None:
        self._files = files
        self._manifest = manifest

    def config_of(self, serialized: Mapping[str, Any], file: str) -> dict[str, Any]:
        check_keys(serialized, _OBJECT, f"An object in {self._where(file)}")
        return field(serialized, "config", dict, self._where(file))

    def object_in(self, config: Mapping[str, Any], key: str, file: str) -> dict[str, Any] | None:
        return field(config, key, dict, self._where(file), None)

    def part(self, kind: str, serialized: Mapping[str, Any], file: str, without: tuple[str, ...] = ()) -> Part:
        config = self.config_of(serialized, file)
        kept = {key: value for key, value in config.items() if key not in (*_KERAS_FACTS, *without)}
        check_config(kept, self._where(file))
        return Part(kind, self._name(kind, serialized, file), kept)

    def backbone(self, serialized: Mapping[str, Any]) -> Part:
        part = self.part("backbones", serialized, "config.json")
        where = self._where("config.json")
        config = self.config_of(serialized, "config.json")
        facts: dict[str, Any] = {"dtype": dtype_name(config.get("dtype"), where)}
        if "name" in config:
            facts["name"] = checked_keras_name(config["name"], where)
        if "trainable" in config:
            facts["trainable"] = field(config, "trainable", bool, where)
        return Part(part.kind, part.name, {**part.config, **facts})

    def is_quantized(self, serialized: Mapping[str, Any], file: str) -> bool:
        dtype = self.config_of(serialized, file).get("dtype")
        dtype_name(dtype, self._where(file))
        return is_quantized(dtype)

    def task(self, serialized: Mapping[str, Any]) -> Part:
        part = self.part("tasks", serialized, TASK, without=("backbone", "preprocessor", "head"))
        name = checked_keras_name(self.config_of(serialized, TASK).get("name"), self._where(TASK))
        return Part(part.kind, part.name, {**part.config, "name": name})

    def head(self, task: Mapping[str, Any]) -> Part | None:
        head = self.object_in(self.config_of(task, TASK), "head", TASK)
        return None if head is None else self.part("heads", head, TASK)

    def weights(self, role: str, *candidates: str) -> str | None:
        if self._manifest is not None:
            return self._manifest.weights.get(role)
        return next((name for name in candidates if name in self._files), None)

    def _name(self, kind: str, serialized: Mapping[str, Any], file: str) -> str:
        if self._manifest is not None and kind in self._manifest.components:
            return self._manifest.components[kind]
        class_id = field(serialized, "registered_name", str, self._where(file))
        return registered_name(kind, class_id, self._where(file))

    def _where(self, file: str) -> str:
        return f"{file} of preset {self._files.reference!r}"
