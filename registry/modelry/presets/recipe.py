"""The Recipe: what a preset says, in modelry's terms, before any Keras object exists."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import attrs

from modelry.discovery.registry import registry
from modelry.presets.task_spec import Part, SavedTask
from modelry.storage.paths import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelry.checkpoints.checkpoint import Checkpoint
    from modelry.storage.files import PresetFiles
    from modelry.storage.options import OpenOptions
    from modelry.storage.paths import Preset

__all__ = ["Adapter", "InputParts", "Origin", "Part", "Recipe", "SavedTask"]


@attrs.frozen
class InputParts:
    """The components between raw inputs and a backbone.

    Attributes:
        tokenizer: The tokenizer, or `None` if the preset has none.
        preprocessor: The preprocessor without its tokenizer, or `None` to take the task's default.
        settings: Arguments for the default preprocessor, from a preset that does not name its class.
    """

    tokenizer: Part | None = None
    preprocessor: Part | None = None
    settings: Mapping[str, Any] = attrs.field(factory=dict)

    def map(self, change: Callable[[Part], Part]) -> InputParts:
        """Return these with each part replaced by what `change` returns for it."""
        tokenizer, preprocessor = (None if one is None else change(one) for one in (self.tokenizer, self.preprocessor))
        return InputParts(tokenizer, preprocessor, self.settings)


@attrs.frozen
class Origin:
    """The preset that a model's backbone came from.

    Attributes:
        reference: A built-in name, an absolute path, or a URI without secrets.
        options: How it was opened.
    """

    reference: str
    options: OpenOptions

    @classmethod
    def of(cls, preset: Preset, options: OpenOptions) -> Origin:
        """Return the origin of what is loaded from a preset, or from the first of several places."""
        reference = parse_reference(preset if isinstance(preset, (str, os.PathLike)) else preset[0])
        if reference.scheme != "file":
            return cls(reference.text, options)
        # Asking for built-in names runs every plugin's hooks: only where opening the preset has asked for them too.
        is_built_in = reference.may_be_a_name and reference.text in registry.presets()
        return cls(reference.text if is_built_in else os.path.abspath(reference.path), options)


@attrs.frozen
class Adapter:
    """The contents of an adapter: a preset of what was trained beside the weights of another one.

    Attributes:
        files: Its files.
        rank: The rank of its matrices.
        alpha: The factor of their product, times the rank.
        layers: The stored paths of the layers that it changes.
        base: The preset whose backbone it was trained on.
        base_files: The files of the weights of that backbone, and their SHA-256 sums.
        sequence_length: The most tokens per row in its training; `None` if the base's preprocessor says it.
        task: The task, with its parts and facts.
        requires: Requirements of the distributions it was saved with.
        versions: Distribution → the version that saved it.
    """

    files: PresetFiles
    rank: int
    alpha: float
    layers: tuple[str, ...]
    base: str
    base_files: Mapping[str, str]
    sequence_length: int | None
    task: SavedTask
    requires: tuple[str, ...]
    versions: Mapping[str, str]


@attrs.frozen
class Recipe:
    """Everything needed to assemble a preset. Reading it touches only small text files.

    Attributes:
        files: The preset's files.
        format: The name of the format it was read from.
        backbone: The backbone.
        inputs: Returns the components between raw inputs and the backbone. They are read on the first call, so that
            large, damaged or unknown tokenizer files trouble nobody who does without them.
        backbone_weights: The file that holds, or lists the shards of, the backbone's weights.
        task: The task, or `None` if the preset holds only a backbone.
        other_task: The name of a task that the preset has and that no installed plugin knows, such as a class of
            transformers.
        requires: Requirements, such as `modelry-bert>=0.1,<0.2`, of the distributions the preset was saved with.
        versions: Distribution → the version of it that saved the preset, where the preset says.
        checkpoint: For a foreign checkpoint, the converter that maps its weights; `None` for KerasHub's layout.
        quantized: Whether some layers have their weights in eight bits; the files tell which.
        adapter: The adapter that the task comes from; everything else, files included, is its base's.
    """

    files: PresetFiles
    format: str
    backbone: Part
    inputs: Callable[[], InputParts]
    backbone_weights: str
    task: SavedTask | None = None
    other_task: str | None = None
    requires: tuple[str, ...] = ()
    versions: Mapping[str, str] = attrs.field(factory=dict)
    checkpoint: Checkpoint | None = None
    quantized: bool = False
    adapter: Adapter | None = None

    @property
    def architecture(self) -> str:
        """The backbone's short name."""
        return self.backbone.short_name

    def map(self, change: Callable[[Part], Part]) -> Recipe:
        """Return the Recipe with each of its parts replaced by what `change` returns for it."""
        backbone, task = change(self.backbone), self.task
        if task is not None:
            parts = {role: change(part) for role, part in task.parts.items()}
            task = attrs.evolve(task, part=change(task.part), parts=parts)
        inputs = functools.cache(lambda: self.inputs().map(change))
        return attrs.evolve(self, backbone=backbone, inputs=inputs, task=task)
