"""Task specs: the Keras-free descriptions by which the core knows a kind of task.

A distribution registers one in the entry-point group `modelry.task_specs`, under the task's name, and the task's class
under the same name in `modelry.tasks`. The core asks the spec for whatever depends on the task: the facts that a preset
keeps about it, how other libraries call it, what a command shows of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from modelry.discovery.entry import CORE, split
from modelry.discovery.registry import registry
from modelry.discovery.warn import warn_user_and_go_on
from modelry.errors import BrokenPlugin, PluginError, UnknownComponent
from modelry.strict_json import check_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from modelry.checkpoints.checkpoint import Checkpoint
    from modelry.checkpoints.weights import SourcedWeight
    from modelry.discovery.entry import Entry


@attrs.frozen
class Part:
    """A component that a preset asks for.

    Attributes:
        kind: `"backbones"`, `"tokenizers"`, `"preprocessors"`, `"heads"` or `"tasks"`.
        name: Its registered name, qualified if the preset says which distribution it comes from.
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
class SavedTask:
    """The task that a preset holds.

    Attributes:
        name: The task's registered name, such as `"acme-tags:token_classifier"`.
        part: Its class, with the arguments that are neither parts nor facts.
        parts: Role → the parts it has besides backbone and preprocessor, such as `{"head": …}`.
        facts: What the preset keeps about the task, as its spec reads it.
        weights: The file of the weights outside the backbone; `None` if there are none.
    """

    name: str
    part: Part
    parts: Mapping[str, Part] = attrs.field(factory=dict)
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    weights: str | None = None

    @property
    def short_name(self) -> str:
        """The task's name without its distribution."""
        return self.name.rpartition(":")[2]

    @property
    def config(self) -> Mapping[str, Any]:
        """The saved arguments of the task's class, its `name` included."""
        return self.part.config


@attrs.frozen
class ForeignTask:
    """A task as a transformers checkpoint describes it.

    Attributes:
        config: Arguments of the task's class.
        parts: Role → part, as in `SavedTask`.
        facts: The task's facts.
    """

    config: Mapping[str, Any] = attrs.field(factory=dict)
    parts: Mapping[str, Part] = attrs.field(factory=dict)
    facts: Mapping[str, Any] = attrs.field(factory=dict)


class TaskSpec:
    """Describes a kind of task. A plugin subclasses it in a module that imports no Keras.

    Attributes:
        name: The name under which the spec and the task's class are registered.
        class_name: The name of the task's class, and the end of the names of KerasHub's classes for it.
        keras_hub_tasks: Other ends of KerasHub's class names for the same task.
        keras_hub_preprocessors: Ends of the names of KerasHub's preprocessors for it, besides
            `<class_name>Preprocessor`.
        transformers_suffix: The end of transformers' class names for it, such as `"ForTokenClassification"`.
        pipeline_tag: The name of the task on Hugging Face's hub, for model cards.
        parts: Role → kind of the components it has besides backbone and preprocessor, such as `{"head": "heads"}`.
        facts: Arguments of the task's class that a preset keeps in `modelry.json`, where tools read them, rather than
            among the arguments in `task.json`.
        preprocessors: Names of tasks with preprocessors that do for this one too, where an architecture registers none
            for this task itself.
        commands: Command → `"module:function"`, added to the `modelry` command line.
        exports: Name → `"module:class"` of base classes that become `modelry.<name>` and `modelry.models.<name>`,
            besides the classes that are registered.
        fresh: Arguments that create an untrained instance on a backbone, for commands and tests that need one.
        contract: `"module:class"` of the contract in `modelry.testing`'s manner that its implementations pass.
        reads_version_1: Whether presets of manifest version 1, which name no task, are of this task.
    """

    name: ClassVar[str]
    class_name: ClassVar[str]
    keras_hub_tasks: ClassVar[tuple[str, ...]] = ()
    keras_hub_preprocessors: ClassVar[tuple[str, ...]] = ()
    transformers_suffix: ClassVar[str | None] = None
    pipeline_tag: ClassVar[str | None] = None
    parts: ClassVar[Mapping[str, str]] = {}
    facts: ClassVar[tuple[str, ...]] = ()
    preprocessors: ClassVar[tuple[str, ...]] = ()
    commands: ClassVar[Mapping[str, str]] = {}
    exports: ClassVar[Mapping[str, str]] = {}
    fresh: ClassVar[Mapping[str, Any]] = {}
    contract: ClassVar[str | None] = None
    reads_version_1: ClassVar[bool] = False

    def read_facts(self, facts: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """Check the facts in a manifest; returns them as the task's class takes them.

        Args:
            facts: A JSON object.
            where: The file and preset, for messages.

        Raises:
            PresetFormatError: A fact is unknown, or has a value that it cannot have.
        """
        check_keys(facts, self.facts, where)
        return facts

    def describe(self, saved: SavedTask) -> Mapping[str, Any]:
        """Return what `show` and `explain` tell of a saved task: name → JSON value, `None` for what is not known."""
        return {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in saved.facts.items()}

    def needs(self, saved: SavedTask | None) -> str | None:
        """Return the arguments that an untrained task needs; `None` if the preset has trained weights for it."""
        if saved is not None and saved.weights is not None:
            return None
        return f"nothing, and train it; the preset has no {self.class_name}, so the other weights are new"

    def is_registered_for(self, backbone: str) -> bool:
        """Return whether the distribution of a backbone registers its own class for this task."""
        return registry.has("tasks", f"{backbone}.{self.name}")

    def usage(self, reference: str) -> Iterable[str]:
        """Yield the Python lines of a model card that load a preset and use it."""
        yield f"from modelry import {self.class_name}"
        yield ""
        yield f"model = {self.class_name}.from_preset({reference!r})"

    def card(self, saved: SavedTask) -> Iterable[str]:
        """Yield Markdown lines about a saved task for its model card."""
        return ()

    def from_transformers(self, checkpoint: Checkpoint, config: Mapping[str, Any], where: str) -> ForeignTask:
        """Read the task from a transformers `config.json` that names a class with `transformers_suffix`.

        Raises:
            PresetFormatError: The config asks for what the task cannot do.
        """
        return ForeignTask()

    def to_transformers(self, checkpoint: Checkpoint, task: Any, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what `config.json` says of a task, besides what it says of the backbone.

        Args:
            checkpoint: The converter of the architecture.
            task: The task.
            config: What `config.json` says of backbone and head already.

        Raises:
            SaveError: transformers cannot compute what the task does.
        """
        return {}

    def transformers_weights(self, checkpoint: Checkpoint, task: Any) -> Iterable[SourcedWeight]:
        """Yield where a checkpoint stores each of the task's weights outside the backbone."""
        return ()


def task_specs() -> Iterator[tuple[Entry, TaskSpec]]:
    """Yield every installed spec with its entry; warn of broken plugins, and of names with several owners."""
    for name in registry.names("task_specs"):
        try:
            entry = registry.find("task_specs", name)
            spec = _loaded(entry)
        except PluginError as error:
            warn_user_and_go_on(f"The task {name!r} is out of reach. {error}", UserWarning)
            continue
        yield entry, spec


def find_spec(name: str) -> TaskSpec:
    """Return the spec of a task.

    Args:
        name: The task's name, short or qualified.

    Raises:
        UnknownComponent: No installed plugin has it; the message has the pip command.
        AmbiguousName: Several plugins have it.
        BrokenPlugin: The one that has it cannot be imported.
    """
    return _loaded(registry.find("task_specs", name, in_file=True))


def known_spec(name: str) -> TaskSpec | None:
    """Return the spec of a task, or `None` if nothing installed has it or what has it is broken."""
    try:
        return find_spec(name)
    except PluginError:
        return None


def task_of(cls: type) -> str | None:
    """Return the registered name of a class's task, qualified by its distribution where that is known.

    Others may have a task of the same short name. `None` for a class that is not of one task.
    """
    task: str | None = getattr(cls, "task", None)
    for base in cls.__mro__ if task is not None else ():
        owner = registry.owner(base)
        if owner is not None and owner.name == task and registry.has("task_specs", owner.qualified):
            return owner.qualified
    return task


def _loaded(entry: Entry) -> TaskSpec:
    found: Any = entry.load()
    if not (isinstance(found, type) and issubclass(found, TaskSpec)) or getattr(found, "name", None) != entry.name:
        raise BrokenPlugin(
            f"{entry.qualified} is registered in modelry.task_specs as {found!r}. Register a subclass of "
            f"modelry.tasks.TaskSpec whose name is {entry.name!r}."
        )
    return found()


def default_names(kind: str, backbone: str, task: str) -> Iterator[str]:
    """Yield the qualified names of an architecture's own and of generic components for a task, best first.

    They come from the distribution of the backbone and from that of the task, so that no other can slip in.

    Args:
        kind: `"preprocessors"` or `"tasks"`.
        backbone: The registered name of the backbone.
        task: The registered name of the task.
    """
    owner, architecture = split(backbone)
    if owner is None and registry.has("backbones", backbone):
        owner = registry.find("backbones", backbone).distribution
    task_owner, short = split(task)
    try:
        entry = registry.find("task_specs", task)
        task_owner, suffixes = entry.distribution, (short, *_loaded(entry).preprocessors)
    except UnknownComponent:
        suffixes = (short,)
    for suffix in suffixes if kind == "preprocessors" else (short,):
        for distribution in dict.fromkeys(one for one in (owner, task_owner, CORE) if one is not None):
            own, generic = f"{distribution}:{architecture}.{suffix}", f"{distribution}:{suffix}"
            if registry.has(kind, own):
                yield own
            if distribution in (task_owner, CORE) and registry.has(kind, generic):
                yield generic


def default_name(kind: str, backbone: str, task: str) -> str:
    """Return the first of `default_names`; without any, the name that the architecture would register."""
    return next(default_names(kind, backbone, task), f"{backbone}.{split(task)[1]}")
