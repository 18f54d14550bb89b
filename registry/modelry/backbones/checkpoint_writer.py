"""Writer of checkpoints that transformers loads."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from modelry.arguments import KERAS_ARGUMENTS, argument_defaults
from modelry.checkpoints.weights import Rows
from modelry.discovery.registry import registry
from modelry.errors import PresetFormatError, SaveError
from modelry.preprocessing.preprocessor import Preprocessor
from modelry.presets.components import owner_of
from modelry.presets.transformers import WEIGHTS
from modelry.strict_json import write_json
from modelry.weights.save import save_safetensors, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from modelry.checkpoints.checkpoint import Checkpoint
    from modelry.checkpoints.weights import SourcedWeight
    from modelry.preprocessing.preprocessor import Preprocessor

Array = np.ndarray[Any, Any]


def write_checkpoint(
    folder: Path,
    backbone: Any,
    preprocessor: Preprocessor | None,
    max_shard_size: float | None,
    dtype: str | None,
    task: Any = None,
) -> None:
    """Write `config.json`, the weights and, with a preprocessor, the tokenizer.

    Args:
        folder: The folder to write to.
        backbone: The backbone.
        preprocessor: The preprocessor, or `None`.
        max_shard_size: The greatest size of a file of weights, in GiB; `None` for a single file.
        dtype: The dtype of the floats; `None` for that of the model.
        task: The task on the backbone, which is written with it; `None` for the backbone alone.

    Raises:
        SaveError: No converter writes the architecture, or transformers cannot compute the same.
    """
    checkpoint = checkpoint_of(backbone)
    written = _written_config(checkpoint, backbone)
    suffix, weights = "Model", list(checkpoint.backbone_weights(backbone))
    if task is not None:
        spec = task.spec()
        if spec.transformers_suffix is None:
            raise SaveError(
                f"transformers has no class for a {type(task).__name__}. Save in modelry's own format, or save the "
                "backbone alone."
            )
        suffix = spec.transformers_suffix
        written = {**written, **spec.to_transformers(checkpoint, task, written)}
        weights += spec.transformers_weights(checkpoint, task)
    config = {
        **written,
        **_padding(checkpoint, preprocessor, written),
        **({} if dtype is None else {"dtype": dtype}),
        "architectures": [f"{checkpoint.class_prefix}{suffix}"],
    }
    write_json(folder / "config.json", config)
    _write_weights(folder, weights, max_shard_size, dtype)
    if preprocessor is not None:
        preprocessor.save_for_transformers(folder)


def _written_config(checkpoint: Checkpoint, backbone: Any) -> dict[str, Any]:
    """Return what `config.json` says of the backbone.

    Raises:
        SaveError: There is something that it cannot say.
    """
    config = backbone.get_config()
    written = checkpoint.written_config(config, None)
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


def checkpoint_of(backbone: Any) -> Checkpoint:
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
