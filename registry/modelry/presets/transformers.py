"""Reader of the checkpoints that transformers' `save_pretrained` writes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import attrs

from modelry.checkpoints.checkpoint import Checkpoint
from modelry.discovery.registry import registry
from modelry.errors import MissingPlugin, PresetFormatError, PresetNotFound, UnknownComponent, UnsafePresetError
from modelry.presets.components import blamed_on
from modelry.presets.recipe import InputParts, Part, Recipe, SavedTask
from modelry.presets.task_spec import default_name, task_specs
from modelry.presets.tokenizer_settings import tokenizer_setting
from modelry.strict_json import field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.storage.files import PresetFiles

WEIGHTS, SHARDS, PICKLE = "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
DEFAULT_SEQUENCE_LENGTH = 512  # tokens, where a preset does not say; KerasHub's default
NO_LIMIT = 1e20  # transformers takes a greater model_max_length, such as the 1e30 that it writes, for none
_BARE = ("Model", "ForPreTraining", "ForMaskedLM", "LMHeadModel")  # classes that are used as starting points only


def read(files: PresetFiles, config: Mapping[str, Any]) -> Recipe:
    """Read the Recipe of a transformers checkpoint.

    Args:
        files: The preset.
        config: The contents of its `config.json`.
    """
    where = f"config.json of preset {files.reference!r}"
    model_type = field(config, "model_type", str, where)
    try:
        entry = registry.find("checkpoints", model_type, in_file=True)
    except UnknownComponent as error:
        reference = files.reference
        raise MissingPlugin(f"Preset {reference!r} is a {model_type!r} checkpoint of transformers. {error}") from error
    converter = entry.load()
    if not (isinstance(converter, type) and issubclass(converter, Checkpoint)):
        raise PresetFormatError(
            f"{entry.qualified} is registered as a checkpoint, but {converter!r} is not a Checkpoint subclass."
        )
    checkpoint = converter()
    architecture = checkpoint.architecture
    name = architecture if ":" in architecture else f"{entry.distribution}:{architecture}"
    with blamed_on(f"{where} is not understood by {entry.qualified}"):
        backbone = checkpoint.backbone_config(config, where)
        task, other_task = _task(checkpoint, config, where, name)
    weights = _weights(files)
    return Recipe(
        files=files,
        format="transformers",
        backbone=Part("backbones", name, backbone),
        inputs=functools.cache(lambda: _inputs(checkpoint, files, entry.qualified, name, backbone)),
        task=task and attrs.evolve(task, weights=weights),
        other_task=other_task,
        backbone_weights=weights,
        checkpoint=checkpoint,
    )


def _task(
    checkpoint: Checkpoint, config: Mapping[str, Any], where: str, name: str
) -> tuple[SavedTask | None, str | None]:
    """Return the task that `architectures` names, or else the class that it names and no installed plugin knows."""
    classes = [str(one) for one in field(config, "architectures", list, where, [])]
    for entry, spec in task_specs():
        suffix = spec.transformers_suffix
        if suffix is None or not any(one.endswith(suffix) for one in classes):
            continue
        found = spec.from_transformers(checkpoint, config, where)
        part = Part("tasks", default_name("tasks", name, entry.qualified), found.config)
        return SavedTask(entry.qualified, part, found.parts, found.facts), None
    return None, next((one for one in classes if not one.endswith(_BARE)), None)


def _inputs(
    checkpoint: Checkpoint, files: PresetFiles, converter: str, name: str, backbone: Mapping[str, Any]
) -> InputParts:
    """Return the tokenizer, if there is one, and the settings of the preprocessor."""
    with blamed_on(f"The tokenizer of preset {files.reference!r} is not understood by {converter}"):
        tokenizer = checkpoint.tokenizer_config(files)
        settings = {**_truncation(files, backbone), **checkpoint.preprocessor_config(files)}
    return InputParts(tokenizer=None if tokenizer is None else Part("tokenizers", name, tokenizer), settings=settings)


def _truncation(files: PresetFiles, backbone: Mapping[str, Any]) -> dict[str, Any]:
    """Truncate where transformers does: after `model_max_length` tokens, or as many as there are positions for."""
    stated = tokenizer_setting(files, "model_max_length", (int, float), None)
    limits = (
        DEFAULT_SEQUENCE_LENGTH if stated is None or stated > NO_LIMIT else stated,
        backbone.get("max_sequence_length"),
    )
    return {
        "sequence_length": int(min(limit for limit in limits if limit is not None)),
        "truncate": "longest_first",
    }


def _weights(files: PresetFiles) -> str:
    for name in (WEIGHTS, SHARDS):
        if name in files:
            return name
    if PICKLE in files:
        raise UnsafePresetError(
            f"Preset {files.reference!r} has its weights in {PICKLE} only, a pickle: loading one can run any code. "
            "Save it again with transformers' save_pretrained, which writes model.safetensors."
        )
    raise PresetNotFound(f"Preset {files.reference!r} has no weights: neither {WEIGHTS} nor {SHARDS}.")
