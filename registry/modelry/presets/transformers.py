"""Read checkpoints that transformers' `save_pretrained` wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.checkpoints.checkpoint import Checkpoint
from modelry.discovery.default import registry
from modelry.errors import MissingPlugin, PresetFormatError, PresetNotFound, UnknownComponent
from modelry.presets.json_files import field, read_json
from modelry.presets.recipe import Part, Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.storage.files import PresetFiles

WEIGHTS, SHARDS, PICKLE = "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
DEFAULT_SEQUENCE_LENGTH = 512  # tokens; KerasHub's default


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
        raise PresetFormatError(f"{entry.qualified} registers {converter!r} as a checkpoint, which is no Checkpoint.")
    checkpoint = converter()
    architecture = checkpoint.architecture
    name = architecture if ":" in architecture else f"{entry.distribution}:{architecture}"
    tokenizer = checkpoint.tokenizer_config(files)
    backbone = checkpoint.backbone_config(config, where)
    labels = _labels(config, where) if _has_head(config) else None
    return Recipe(
        files=files,
        format="transformers",
        backbone=Part("backbones", name, backbone),
        tokenizer=None if tokenizer is None else Part("tokenizers", name, tokenizer),
        preprocessor=Part("preprocessors", f"{name}.text_classifier", _preprocessor_config(files, backbone)),
        task=None
        if labels is None
        else Part("tasks", f"{name}.text_classifier", {"num_classes": len(labels), **checkpoint.head_config(config)}),
        labels=labels,
        backbone_weights=_weights(files),
        task_weights=None if labels is None else _weights(files),
        checkpoint=checkpoint,
    )


def _has_head(config: Mapping[str, Any]) -> bool:
    return any(name.endswith("ForSequenceClassification") for name in config.get("architectures") or ())


def _labels(config: Mapping[str, Any], where: str) -> tuple[str, ...]:
    problem = config.get("problem_type")
    if problem not in (None, "single_label_classification"):
        raise PresetFormatError(
            f"{where} is for {problem}; heads of that kind cannot be read yet, only single_label_classification."
        )
    # transformers leaves id2label out of a config that has the two default labels.
    names = field(config, "id2label", dict, where, {"0": "LABEL_0", "1": "LABEL_1"})
    try:
        by_index = {int(index): str(label) for index, label in names.items()}
        return tuple(by_index[index] for index in range(len(by_index)))
    except (KeyError, ValueError):
        raise PresetFormatError(f"id2label in {where} must name the classes 0 to n-1, not {list(names)}.") from None


def _preprocessor_config(files: PresetFiles, backbone: Mapping[str, Any]) -> dict[str, Any]:
    """Truncate as transformers does, to no more than the tokenizer and the position embeddings allow."""
    tokenizer = read_json(files, "tokenizer_config.json") if "tokenizer_config.json" in files else {}
    limits = (tokenizer.get("model_max_length"), backbone.get("max_sequence_length"), DEFAULT_SEQUENCE_LENGTH)
    return {
        "sequence_length": int(min(limit for limit in limits if limit is not None)),
        "truncate": "longest_first",
    }


def _weights(files: PresetFiles) -> str:
    for name in (WEIGHTS, SHARDS):
        if name in files:
            return name
    if PICKLE in files:
        raise PresetFormatError(
            f"Preset {files.reference!r} has its weights in {PICKLE} only, a pickle: loading one can run any code. "
            "Save it again with transformers' save_pretrained, which writes model.safetensors."
        )
    raise PresetNotFound(f"Preset {files.reference!r} has no weights: neither {WEIGHTS} nor {SHARDS}.")
