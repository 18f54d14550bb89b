"""Write backbones and classifiers as checkpoints that transformers loads."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from modelry.arguments import KERAS_ARGUMENTS, argument_defaults, config_of
from modelry.checkpoints.weights import Rows
from modelry.discovery.default import registry
from modelry.errors import PresetFormatError, SaveError
from modelry.preprocessing.preprocessor import Preprocessor
from modelry.presets.components import owner_of
from modelry.presets.transformers import WEIGHTS, written_problem_type
from modelry.strict_json import write_json
from modelry.weights.build import values
from modelry.weights.save import save_safetensors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from modelry.backbones.backbone import Backbone
    from modelry.checkpoints.checkpoint import Checkpoint
    from modelry.checkpoints.weights import SourcedWeight
    from modelry.tasks.base.head import Head
    from modelry.tasks.text_classifier.task import TextClassifier

Array = np.ndarray[Any, Any]


def write_backbone(
    folder: Path, backbone: Backbone, preprocessor: Preprocessor | None, max_shard_size: float | None, dtype: str | None
) -> None:
    """Write `config.json`, the weights of a backbone and, with a preprocessor, the tokenizer.

    Floats are written in `dtype` unless it is `None`.

    Raises:
        SaveError: No converter writes its architecture, or transformers cannot compute the same.
    """
    checkpoint = checkpoint_of(backbone)
    config = _written_config(checkpoint, backbone, None)
    written = {
        **config,
        **_padding(checkpoint, preprocessor, config),
        **_precision(dtype),
        "architectures": [f"{checkpoint.class_prefix}Model"],
    }
    write_json(folder / "config.json", written)
    _write_weights(folder, checkpoint.backbone_weights(backbone), max_shard_size, dtype)
    if preprocessor is not None:
        preprocessor.save_for_transformers(folder)


def write_task(folder: Path, task: TextClassifier, max_shard_size: float | None, dtype: str | None) -> None:
    """Write `config.json`, the weights and the tokenizer of a classifier, floats in `dtype` unless it is `None`.

    Raises:
        SaveError: No converter writes its architecture, or transformers cannot compute the same.
    """
    checkpoint = checkpoint_of(task.backbone)
    name = f"{checkpoint.class_prefix}ForSequenceClassification"
    if task.preprocessor is not None and not isinstance(task.preprocessor, Preprocessor):
        raise SaveError(
            f"The preprocessor is {task.preprocessor!r}, no modelry.Preprocessor, so it cannot be saved. "
            "Set classifier.preprocessor = None before saving."
        )
    labels = task.labels or tuple(f"LABEL_{index}" for index in range(task.num_classes))
    written = _written_config(checkpoint, task.backbone, task.head)
    config = {
        **written,
        **_kind_of_head(checkpoint, task, written),
        **_padding(checkpoint, task.preprocessor, written),
        **_precision(dtype),
        "architectures": [name],
        "id2label": {str(index): label for index, label in enumerate(labels)},
        "label2id": {label: index for index, label in enumerate(labels)},
        "problem_type": written_problem_type(task.problem_type),
    }
    write_json(folder / "config.json", config)
    weights = [*checkpoint.backbone_weights(task.backbone), *checkpoint.head_weights(task.head)]
    _write_weights(folder, weights, max_shard_size, dtype)
    if task.preprocessor is not None:
        task.preprocessor.save_for_transformers(folder)


def _kind_of_head(checkpoint: Checkpoint, task: TextClassifier, written: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what `config.json` says of the kind of head."""
    own_task = f"{owner_of(task.backbone).name}.text_classifier"
    cls: Any = registry.load("tasks", own_task) if registry.has("tasks", own_task) else type(task)
    if isinstance(task, cls) and task.has_own_head:
        return {}
    keys = checkpoint.heads.get(owner_of(task.head).name)
    if keys is not None:
        read = {**argument_defaults(type(task.head)), **checkpoint.head_config(written, "config.json")}
        own = config_of(task.head, without=(*KERAS_ARGUMENTS, "num_classes", "activation"))
        if own == {name: read[name] for name in own}:
            return keys
    raise SaveError(
        f"transformers has the head of a {cls.__name__}, and the {type(task.head).__name__} of this "
        f"{type(task).__name__} is another, which transformers cannot compute. Save in modelry's own format."
    )


def _written_config(checkpoint: Checkpoint, backbone: Backbone, head: Head | None) -> dict[str, Any]:
    """Return what `config.json` says of backbone and head.

    Raises:
        SaveError: There is something that it cannot say.
    """
    config = backbone.get_config()
    written = checkpoint.written_config(config, None if head is None else head.get_config())
    try:
        read = {**argument_defaults(type(backbone)), **checkpoint.backbone_config(written, "config.json")}
    except PresetFormatError as error:
        raise SaveError(f"What transformers would read, modelry could not: {error}") from error
    said = (*KERAS_ARGUMENTS, *(one.argument for one in checkpoint.fields))
    for name, value in config.items():
        if name not in said and value != read.get(name):
            raise SaveError(
                f"{type(backbone).__name__} has {name}={value!r}; in transformers it is {read.get(name)!r}, which no "
                f"config of a {checkpoint.class_prefix} model changes. Save in modelry's own format."
            )
    return written


def _padding(checkpoint: Checkpoint, preprocessor: Preprocessor | None, written: Mapping[str, Any]) -> dict[str, int]:
    """Return what `config.json` says of padding, if there is a tokenizer that says it.

    Raises:
        SaveError: The model itself says something else.
    """
    padding = getattr(getattr(preprocessor, "tokenizer", None), "pad_token_id", None)
    if padding is None:
        return {}
    own = written.get("pad_token_id")
    if padding != own and checkpoint.counts_from_padding(written):
        raise SaveError(
            f"The tokenizer pads with the token {padding}, and transformers finds positions in a "
            f"{checkpoint.class_prefix} model by its padding, which is {own}. Save in modelry's own format, or with "
            "preprocessor=None."
        )
    return {"pad_token_id": padding}


def checkpoint_of(backbone: Backbone) -> Checkpoint:
    """Return the converter that writes a backbone's architecture.

    Raises:
        SaveError: No installed plugin has one.
    """
    owner = owner_of(backbone)
    for entry in registry.entries("checkpoints"):
        if entry.distribution != owner.distribution:
            continue
        found: Any = entry.load()
        if f"{owner.distribution}:{found.architecture}" == owner.name:
            checkpoint: Checkpoint = found()
            return checkpoint
    raise SaveError(
        f"{owner.distribution} has no converter for {type(backbone).__name__}, so it cannot be saved for transformers. "
        "Save in modelry's own format, or ask its author for a modelry.Checkpoint."
    )


def _precision(dtype: str | None) -> Mapping[str, Any]:
    """Return what `config.json` says of the weights' dtype, which transformers also computes in by default."""
    return {} if dtype is None else {"dtype": dtype}


def _write_weights(
    folder: Path, weights: Iterable[SourcedWeight], max_shard_size: float | None, dtype: str | None
) -> None:
    tensors, metadata = dict(_tensors(weights)), {"format": "pt"}
    save_safetensors(folder / WEIGHTS, tensors, max_shard_size=max_shard_size, metadata=metadata, dtype=dtype)


def _tensors(weights: Iterable[SourcedWeight]) -> Iterator[tuple[str, Array]]:
    named = sorted(((weight.names[0], weight) for weight in weights if weight.names), key=itemgetter(0))
    for name, group in groupby(named, key=itemgetter(0)):
        members = [weight for _, weight in group]
        yield name, _tensor(members)
        for weight in members:
            if weight.plus:  # it has been added already
                columns = weight.layout.stored_shape(tuple(weight.variable.shape))[1:]
                yield weight.plus[0], np.zeros((1, *columns), np.dtype(weight.variable.dtype))


def _tensor(weights: list[SourcedWeight]) -> Array:
    """Return the tensor that one or, where it is made of `Rows`, several variables are stored in."""
    first = weights[0]
    if not isinstance(first.layout, Rows):
        return first.layout.write(values(first.variable))
    shape = first.layout.stored_shape(tuple(first.variable.shape))
    whole = np.zeros(shape, np.dtype(first.variable.dtype))
    for weight in weights:
        layout = weight.layout
        if not isinstance(layout, Rows):
            raise TypeError(f"{weight.names[0]} is stored as a whole and in rows.")
        whole[layout.rows(tuple(weight.variable.shape))] = layout.write(values(weight.variable))
    return whole
