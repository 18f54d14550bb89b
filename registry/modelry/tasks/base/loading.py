"""Loading of tasks: from a Recipe to a model with weights.

Every class is looked up, and every override checked, before a byte of weights is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

import attrs
import keras

from modelry.arguments import check_arguments
from modelry.backbones.int8 import saved_policy
from modelry.backbones.loading import build_backbone, check_dtype, place_backbone, tally_of
from modelry.discovery.registry import registry
from modelry.errors import InputError, PresetError
from modelry.preprocessing.preprocessor import build_preprocessor
from modelry.presets.adapter import options_for_base
from modelry.presets.components import blamed_on, check_known, create, load_class, preset_loader
from modelry.presets.read import ready_recipe
from modelry.presets.recipe import Origin, Part, Recipe
from modelry.presets.task_spec import default_name, default_names, find_spec, task_of
from modelry.presets.transformers import DEFAULT_SEQUENCE_LENGTH
from modelry.storage.options import OPTIONS, OpenOptions, take_options
from modelry.tasks.base.adapters import AdaptedTask, place_adapter
from modelry.weights.build import initialize, settle_policies, uninitialized
from modelry.weights.load import layer_weights, load_mapped
from modelry.weights.load import load_weights as place_weights
from modelry.weights.stores import bring_weights, open_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.backbones.backbone import Backbone
    from modelry.preprocessing.preprocessor import Preprocessor
    from modelry.storage.paths import Preset


class LoadableTask(AdaptedTask, Protocol):
    """A class of tasks, as loading calls it; see `modelry.Task` for all of these."""

    task: ClassVar[str | None]
    backbone_cls: ClassVar[type[Backbone]]
    preprocessor_cls: ClassVar[type[Preprocessor]]

    def __init__(self, **arguments: Any) -> None: ...

    @property
    def variables(self) -> list[keras.Variable]:
        """All variables."""

    @classmethod
    def arguments(cls) -> tuple[str, ...]:
        """Return the names of the constructor's arguments."""

    @classmethod
    def override_names(cls) -> tuple[str, ...]:
        """Return the names of the overrides of `from_preset`."""

    @classmethod
    def check_backbone(cls, backbone: Any) -> Backbone:
        """Return the backbone if the task takes it."""

    @classmethod
    def restores(cls, recipe: Recipe, overrides: Mapping[str, Any]) -> bool:
        """Return whether the weights outside the backbone come from the preset."""

    @classmethod
    def check_restored(cls, recipe: Recipe, overrides: Mapping[str, Any], backbone: Backbone) -> None:
        """Check that the weights to restore belong to the task."""

    @classmethod
    def from_parts(
        cls, recipe: Recipe, overrides: Mapping[str, Any], backbone: Backbone, preprocessor: Any, dtype: Any
    ) -> Self:
        """Create the task of a preset."""

    def compile(self) -> None:
        """Compile with the defaults of the task."""


T = TypeVar("T", bound=LoadableTask)


@attrs.frozen
class _Assembly(Generic[T]):
    """The decisions about a task, before any model exists."""

    recipe: Recipe
    cls: type[T]
    preprocessor: Any
    overrides: Mapping[str, Any]
    options: OpenOptions

    def build(self, dtype: Any = None) -> T:
        """Build the task without values; a `dtype` takes precedence over the overrides and the preset."""
        recipe, cls = self.recipe, self.cls
        given = self.overrides if dtype is None else {**self.overrides, "dtype": dtype}
        with uninitialized(tally_of(recipe, self.options)):
            backbone = self._backbone(given)
            with blamed_on(f"Preset {recipe.files.reference!r} makes no {cls.__name__}", self.overrides):
                return cls.from_parts(
                    recipe, self.overrides, backbone, self.preprocessor, dtype or backbone.dtype_policy
                )

    def _backbone(self, overrides: Mapping[str, Any]) -> Backbone:
        given = overrides.get("backbone")
        if given is not None:
            return self.cls.check_backbone(given)
        recipe = self.recipe
        found = load_class(recipe, recipe.backbone, self.cls.backbone_cls)
        # As in KerasHub, a task follows the dtype asked for or Keras' global one, whatever the preset was saved in.
        dtype = overrides.get("dtype") or keras.config.dtype_policy()
        return build_backbone(recipe, found, {**recipe.backbone.config, "dtype": dtype}, {}, self.options)


@preset_loader
def load_task(cls: type[T], preset: Preset, load_weights: bool, overrides: Mapping[str, Any]) -> T:
    """Load a preset as a task of class `cls`, or of the class that the preset or its architecture names.

    Args:
        cls: The class that was asked for.
        preset: A built-in name, a folder, or a URI; or a list of places with the same files.
        load_weights: Whether to read the weights.
        overrides: The caller's arguments, which replace the saved ones.
    """
    options, arguments = take_options(overrides)
    base = arguments.pop("base", None)
    recipe = ready_recipe(preset, options, base)
    found = _class_of(recipe, cls)
    check_arguments(overrides, (*found.override_names(), "base", *OPTIONS), f"{cls.__name__}.from_preset")
    if recipe.task is not None and recipe.task.short_name != found.task:  # it says nothing about this task
        recipe = attrs.evolve(recipe, task=None, other_task=recipe.task.part.short_name)
    load_class(recipe, recipe.backbone, found.backbone_cls)
    restored = found.restores(recipe, arguments)
    assembly = _Assembly(recipe, found, _preprocessor(recipe, found, arguments), arguments, options)
    task = assembly.build()
    read_backbone, read_own = load_weights and "backbone" not in arguments, load_weights and restored
    if load_weights:
        task = _place(assembly, task, read_backbone, read_own)
    initialize(task.variables)
    if read_backbone:
        task.origin = _origin(recipe, preset, base, options)
    if arguments.get("compile", True):
        task.compile()
    return task


def _place(assembly: _Assembly[T], task: T, read_backbone: bool, read_own: bool) -> T:
    """Give the task the preset's weights; return it, or a quantized one in its place."""
    recipe, budget = assembly.recipe, assembly.options.limits
    if read_own:
        assembly.cls.check_restored(recipe, assembly.overrides, task.backbone)
    backbone_file = recipe.backbone_weights if read_backbone else None
    own_file = recipe.task.weights if recipe.task is not None and read_own and recipe.adapter is None else None
    bring_weights(recipe.files, [name for name in (backbone_file, own_file) if name is not None], budget)
    if recipe.quantized:
        check_dtype(recipe, assembly.overrides)
        stored = [] if backbone_file is None else [(backbone_file, layer_weights(task.backbone.layers))]
        stored += [] if own_file is None else [(own_file, task.own_weights())]
        task = assembly.build(saved_policy(recipe, stored, task.backbone.dtype_policy, budget))
        settle_policies(task)
    if backbone_file is not None:
        place_backbone(recipe, task.backbone, budget)
    if own_file is not None:
        _place_own(recipe, task, own_file, assembly)
    if recipe.adapter is not None:
        place_adapter(recipe, recipe.adapter, task, read_own, budget)
    return task


def _place_own(recipe: Recipe, task: T, name: str, assembly: _Assembly[T]) -> None:
    """Give the task the preset's weights outside the backbone."""
    store = open_weights(recipe.files, name, assembly.options.limits)
    where = f"{name} of preset {recipe.files.reference!r}"
    if recipe.checkpoint is None:
        place_weights(task.own_weights(), store, where=where)
        return
    with blamed_on(f"{where} cannot be mapped"):
        weights = list(task.spec().transformers_weights(recipe.checkpoint, task))
    load_mapped(weights, store, where=where, ignored=("*",))


def create_task(
    cls: type[T], recipe: Recipe, overrides: Mapping[str, Any], backbone: Backbone, preprocessor: Any, dtype: Any
) -> T:
    """Create a task of the arguments that its preset saved and those of the caller; see `Task.from_parts`."""
    saved = recipe.task
    config: dict[str, Any] = {}
    if saved is not None:
        config = {**saved.config, **{name: fact for name, fact in saved.facts.items() if fact is not None}}
        for role, part in saved.parts.items():
            if role not in overrides:
                found = load_class(recipe, part, keras.layers.Layer)
                config[role] = create(found, {**part.config, "dtype": dtype, "name": role}, {}, recipe)
    check_known(config, cls.arguments(), cls, recipe)
    taken = cls.arguments()
    given = {name: value for name, value in overrides.items() if name in taken and name not in ("backbone", "compile")}
    whole = {**{name: value for name, value in config.items() if value is not None}, **given}
    if "compile" in taken:
        whole["compile"] = False  # after the weights are placed
    return cls(**{**whole, "backbone": backbone, "preprocessor": preprocessor})


def _class_of(recipe: Recipe, cls: type[T]) -> type[T]:
    """Return the class to load: on the base class of a task, the one that the preset or its architecture names."""
    saved = recipe.task
    if cls.task is None:  # any task
        if saved is None:
            held = f"a {recipe.other_task}, which no installed plugin knows" if recipe.other_task else "no task"
            raise PresetError(
                f"Preset {recipe.files.reference!r} holds {held}. Load it as the task that you want to train, such as "
                f"{', '.join(_task_classes())}."
            )
        find_spec(saved.name)
        return load_class(recipe, saved.part, cls)
    owner = registry.owner(cls)
    if owner is None or owner.name != cls.task:  # the class of one architecture, or a user's own
        return cls
    if saved is not None and saved.short_name == cls.task:
        if saved.part.short_name.rpartition(".")[2] == cls.task:
            return load_class(recipe, saved.part, cls)
        named = registry.load("tasks", saved.part.name) if registry.has("tasks", saved.part.name) else None
        if isinstance(named, type) and issubclass(named, cls):  # a class with a name of its own
            return named
    return load_class(recipe, Part("tasks", default_name("tasks", recipe.backbone.name, owner.qualified), {}), cls)


def _task_classes() -> list[str]:
    return sorted(entry.attribute for entry in registry.entries("tasks") if "." not in entry.name)


def _preprocessor(recipe: Recipe, cls: type[T], overrides: Mapping[str, Any]) -> Any:
    length = overrides.get("sequence_length")
    if "preprocessor" in overrides:
        if length is not None:
            raise InputError(
                "sequence_length= is part of the preprocessor, so it cannot be given beside preprocessor=. "
                "Set it on the preprocessor."
            )
        return overrides["preprocessor"]
    if length is None and recipe.adapter is not None:
        length = recipe.adapter.sequence_length
    options = {} if length is None else {"sequence_length": length}
    limit = recipe.backbone.config.get("max_sequence_length")
    inputs = recipe.inputs()
    if inputs.preprocessor is None and not inputs.settings and length is None and isinstance(limit, int):
        options["sequence_length"] = min(limit, DEFAULT_SEQUENCE_LENGTH)
    task = task_of(cls)
    names = () if task is None else tuple(default_names("preprocessors", recipe.backbone.name, task))
    return build_preprocessor(recipe, cls.preprocessor_cls, options, names)


def _origin(recipe: Recipe, preset: Preset, base: Preset | None, options: OpenOptions) -> Origin:
    """Return the preset that a loaded backbone came from, which for an adapter is its base."""
    if recipe.adapter is None:
        return Origin.of(preset, options)
    named = base or recipe.adapter.base
    return Origin.of(named, options_for_base(options, named, recipe.adapter.files.reference))
