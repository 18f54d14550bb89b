"""The Recipe: what a preset says, in modelry's terms, before any Keras object exists."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import attrs

from modelry.tasks.text_classifier.problem_types import problem_type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelry.checkpoints.checkpoint import Checkpoint
    from modelry.presets.adapter import Adapter
    from modelry.storage.files import PresetFiles


@attrs.frozen
class Part:
    """One component that a preset asks for.

    Attributes:
        kind: `"backbones"`, `"tokenizers"`, `"preprocessors"`, `"heads"` or `"tasks"`.
        name: Its registered name, qualified when the preset says which distribution it comes from.
        config: The arguments its class is called with.
    """

    kind: str
    name: str
    config: Mapping[str, Any]

    @property
    def short_name(self) -> str:
        """The name without its distribution."""
        return self.name.rpartition(":")[2]


@attrs.frozen
class TextParts:
    """What stands between texts and token ids.

    Attributes:
        tokenizer: The tokenizer, or `None` if the preset has none.
        preprocessor: The preprocessor without its tokenizer, or `None` to take the architecture's default.
    """

    tokenizer: Part | None
    preprocessor: Part | None

    def map(self, change: Callable[[Part], Part]) -> TextParts:
        """Return these with each part replaced by what `change` returns for it."""
        return TextParts(*(None if part is None else change(part) for part in (self.tokenizer, self.preprocessor)))


@attrs.frozen
class Recipe:
    """Everything needed to assemble a preset. Reading it touched only small text files.

    Attributes:
        files: The preset's files.
        format: The name of the format it was read from.
        backbone: The backbone.
        text: Returns what stands between texts and token ids. It is read when it is first asked for, so that files of
            a tokenizer that are large, damaged or not understood trouble nobody who does without them.
        task: The task without its parts, or `None` if the preset holds only a backbone.
        head: The head, if it is not the task's own.
        labels: The names of the classes, by index.
        problem_type: What the scores mean, where the preset says; see `modelry.tasks.text_classifier.problem_types`.
        requires: Requirements, such as `modelry-bert>=0.1,<0.2`, of the distributions the preset was saved with.
        versions: Distribution → the version of it that saved the preset, where the preset says.
        checkpoint: For a foreign checkpoint, how its weights map to ours; `None` for modelry's and KerasHub's layout.
        backbone_weights: The file that holds, or lists the shards of, the backbone's weights.
        task_weights: The file of the weights outside the backbone; `None` if there are none.
        quantized: Whether some layers have their weights in eight bits; the files tell which.
        adapter: The adapter that task, head and labels come from; everything else, files included, is its base's.
    """

    files: PresetFiles
    format: str
    backbone: Part
    text: Callable[[], TextParts]
    task: Part | None
    backbone_weights: str
    head: Part | None = None
    task_weights: str | None = None
    labels: tuple[str, ...] | None = None
    problem_type: str | None = None
    requires: tuple[str, ...] = ()
    versions: Mapping[str, str] = attrs.field(factory=dict)
    checkpoint: Checkpoint | None = None
    quantized: bool = False
    adapter: Adapter | None = None

    @property
    def tokenizer(self) -> Part | None:
        """The tokenizer, or `None` if the preset has none.

        Raises:
            PresetFormatError: Its files are damaged, or work in a way that is not understood.
        """
        return self.text().tokenizer

    @property
    def preprocessor(self) -> Part | None:
        """The preprocessor without its tokenizer, or `None` to take the architecture's default; raises likewise."""
        return self.text().preprocessor

    @property
    def architecture(self) -> str:
        """The backbone's short name."""
        return self.backbone.short_name

    @property
    def meaning(self) -> str:
        """The problem type of the classifier, which the activation tells where the preset does not say it."""
        config = {} if self.task is None else (self.head or self.task).config
        return problem_type_of(self.problem_type, config.get("activation", "linear"))

    def map(self, change: Callable[[Part], Part]) -> Recipe:
        """Return the Recipe with each of its parts replaced by what `change` returns for it."""
        roles = ("backbone", "task", "head")
        changed: dict[str, Any] = {role: change(part) for role in roles if (part := getattr(self, role)) is not None}
        return attrs.evolve(self, text=functools.cache(lambda: self.text().map(change)), **changed)

    def default_part(self, task: str) -> str:
        """Return the name under which this architecture registers its part for `task`.

        The name is looked for in the distribution that owns the backbone, so that nobody else can slip in.
        """
        return f"{self.backbone.name}.{task}"
