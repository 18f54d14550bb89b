"""Read checkpoints that transformers' `save_pretrained` wrote."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from modelry.checkpoints.checkpoint import Checkpoint
from modelry.discovery.default import registry
from modelry.errors import MissingPlugin, PresetFormatError, PresetNotFound, UnknownComponent, UnsafePresetError
from modelry.presets.boundary import blamed_on
from modelry.presets.recipe import Part, Recipe, TextParts
from modelry.presets.tokenizer_settings import tokenizer_setting
from modelry.strict_json import field
from modelry.tasks.text_classifier.problem_types import MULTI_LABEL, REGRESSION, SINGLE_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.storage.files import PresetFiles

_PROBLEM_TYPES = {
    "single_label_classification": SINGLE_LABEL,
    "multi_label_classification": MULTI_LABEL,
    "regression": REGRESSION,
}

WEIGHTS, SHARDS, PICKLE = "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
DEFAULT_SEQUENCE_LENGTH = 512  # tokens, where a preset does not say; KerasHub's default
NO_LIMIT = 1e20  # transformers takes a greater model_max_length, such as the 1e30 that it writes, for none


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
    labels = _labels(config, where) if _has_head(config, where) else None
    problem_type = None if labels is None else _problem_type(config, labels, where)
    with blamed_on(f"{where} is not understood by {entry.qualified}"):
        backbone = checkpoint.backbone_config(config, where)
        task, head = (None, None) if labels is None else _task_and_head(checkpoint, config, where, name, len(labels))
    return Recipe(
        files=files,
        format="transformers",
        backbone=Part("backbones", name, backbone),
        text=functools.cache(lambda: _text_parts(checkpoint, files, entry.qualified, name, backbone)),
        task=task,
        head=head,
        labels=None if problem_type == REGRESSION else labels,
        problem_type=problem_type,
        backbone_weights=_weights(files),
        task_weights=None if labels is None else _weights(files),
        checkpoint=checkpoint,
    )


def written_problem_type(problem_type: str) -> str:
    """Return transformers' name of a problem type."""
    return next(name for name, ours in _PROBLEM_TYPES.items() if ours == problem_type)


def _text_parts(
    checkpoint: Checkpoint, files: PresetFiles, converter: str, name: str, backbone: Mapping[str, Any]
) -> TextParts:
    """Return the tokenizer, if there is one, and the preprocessor."""
    with blamed_on(f"The tokenizer of preset {files.reference!r} is not understood by {converter}"):
        tokenizer = checkpoint.tokenizer_config(files)
        packing = {**_packing_config(files, backbone), **checkpoint.preprocessor_config(files)}
    return TextParts(
        tokenizer=None if tokenizer is None else Part("tokenizers", name, tokenizer),
        preprocessor=Part("preprocessors", f"{name}.text_classifier", packing),
    )


def _task_and_head(
    checkpoint: Checkpoint, config: Mapping[str, Any], where: str, name: str, num_classes: int
) -> tuple[Part, Part | None]:
    """Return the classifier and its head, if that is not the architecture's own."""
    count, others = {"num_classes": num_classes}, checkpoint.head_config(config, where)
    task, head_name = f"{name}.text_classifier", checkpoint.head_name(config)
    if head_name is None:
        return Part("tasks", task, {**count, **others}), None
    return Part("tasks", task, count), Part("heads", head_name, {**count, **others})


def _has_head(config: Mapping[str, Any], where: str) -> bool:
    return any(
        str(name).endswith("ForSequenceClassification") for name in field(config, "architectures", list, where, [])
    )


def _labels(config: Mapping[str, Any], where: str) -> tuple[str, ...]:
    # transformers leaves id2label out of a config that has the two default labels.
    names = field(config, "id2label", dict, where, {"0": "LABEL_0", "1": "LABEL_1"})
    try:
        by_index = {int(index): str(label) for index, label in names.items()}
        return tuple(by_index[index] for index in range(len(by_index)))
    except (KeyError, ValueError):
        raise PresetFormatError(f"id2label in {where} must name the classes 0 to n-1, not {list(names)}.") from None


def _problem_type(config: Mapping[str, Any], labels: tuple[str, ...], where: str) -> str:
    """Return what the scores mean. As in transformers, a head of one score predicts a number unless the config says."""
    name = field(config, "problem_type", str, where, None)
    if name is None:
        return REGRESSION if len(labels) == 1 else SINGLE_LABEL
    if name not in _PROBLEM_TYPES:
        raise PresetFormatError(f"{where} has the problem_type {name!r}, not one of {', '.join(_PROBLEM_TYPES)}.")
    return _PROBLEM_TYPES[name]


def _packing_config(files: PresetFiles, backbone: Mapping[str, Any]) -> dict[str, Any]:
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
