"""Read KerasHub's layout, which is also the layout modelry writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.arguments import KERAS_ARGUMENTS
from modelry.errors import PresetFormatError
from modelry.presets.class_ids import registered_name
from modelry.presets.json_files import field, read_json
from modelry.presets.manifest import Manifest, read_manifest
from modelry.presets.recipe import Part, Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.storage.files import PresetFiles

TASK, PREPROCESSOR, TOKENIZER, METADATA = "task.json", "preprocessor.json", "tokenizer.json", "metadata.json"
BACKBONE_WEIGHTS, BACKBONE_SHARDS, TASK_WEIGHTS = "model.weights.h5", "model.weights.json", "task.weights.h5"
ASSETS = "assets/tokenizer/"

_KERAS_FACTS = (*KERAS_ARGUMENTS, "config_file")


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
        config = parts.get("backbone") or config
        preprocessor = parts.get("preprocessor") or preprocessor
    if preprocessor is not None:
        tokenizer = reader.config_of(preprocessor, PREPROCESSOR).get("tokenizer") or tokenizer
    return Recipe(
        files=files,
        format="modelry" if manifest else "keras_hub",
        backbone=reader.backbone(config),
        tokenizer=None if tokenizer is None else reader.part("tokenizers", tokenizer, TOKENIZER),
        preprocessor=None
        if preprocessor is None
        else reader.part("preprocessors", preprocessor, PREPROCESSOR, without=("tokenizer",)),
        task=None if task is None else reader.task(task),
        head=None if task is None else reader.head(task),
        labels=None if manifest is None else manifest.labels,
        requires=() if manifest is None else manifest.requires,
        versions={} if manifest is None else manifest.versions,
        backbone_weights=reader.weights("backbone", BACKBONE_WEIGHTS, BACKBONE_SHARDS) or BACKBONE_WEIGHTS,
        task_weights=reader.weights("task", TASK_WEIGHTS),
    )


class _Reader:
    """Reads the parts of one preset."""

    def __init__(self, files: PresetFiles, manifest: Manifest | None) -> None:
        self._files = files
        self._manifest = manifest

    def config_of(self, serialized: Mapping[str, Any], file: str) -> dict[str, Any]:
        return field(serialized, "config", dict, self._where(file))

    def part(self, kind: str, serialized: Mapping[str, Any], file: str, without: tuple[str, ...] = ()) -> Part:
        config = self.config_of(serialized, file)
        kept = {key: value for key, value in config.items() if key not in (*_KERAS_FACTS, *without)}
        return Part(kind, self._name(kind, serialized, file), kept)

    def backbone(self, serialized: Mapping[str, Any]) -> Part:
        part = self.part("backbones", serialized, "config.json")
        config = self.config_of(serialized, "config.json")
        facts = {"dtype": dtype_name(config.get("dtype"), self._where("config.json"))}
        facts |= {key: config[key] for key in ("name", "trainable") if key in config}
        return Part(part.kind, part.name, {**part.config, **facts})

    def task(self, serialized: Mapping[str, Any]) -> Part:
        part = self.part("tasks", serialized, TASK, without=("backbone", "preprocessor", "head"))
        name = self.config_of(serialized, TASK).get("name")
        return Part(part.kind, part.name, {**part.config, "name": name})

    def head(self, task: Mapping[str, Any]) -> Part | None:
        head = self.config_of(task, TASK).get("head")
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


def dtype_name(dtype: Any, where: str) -> str | None:
    """Return the name of a saved dtype policy: absent, a string, or Keras' serialized object.

    Raises:
        PresetFormatError: The policy differs by layer, as in quantized presets, or is not understood.
    """
    if dtype is None or isinstance(dtype, str):
        return dtype
    if isinstance(dtype, dict) and dtype.get("class_name") in ("DTypePolicy", "FloatDTypePolicy"):
        return field(field(dtype, "config", dict, where), "name", str, where)
    if isinstance(dtype, dict) and dtype.get("class_name") in ("DTypePolicyMap", "QuantizedDTypePolicy"):
        raise PresetFormatError(f"{where} is quantized; quantized presets cannot be read yet. Load the float preset.")
    raise PresetFormatError(f"{where} has a dtype that is not understood: {dtype!r}.")
