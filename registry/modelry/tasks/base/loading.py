"""Assemble the backbone and the classifier of a Recipe.

Every class is looked up, and every override checked, before a byte of weights is read.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, TypeVar

import keras

from modelry.arguments import argument_defaults, argument_names, check_arguments
from modelry.backbones.int8 import saved_policy
from modelry.backbones.weights import backbone_weights, head_weights, place_backbone, place_head
from modelry.discovery.default import registry
from modelry.errors import InputError, PresetError
from modelry.preprocessing.loading import build_preprocessor
from modelry.presets.boundary import blamed_on
from modelry.presets.components import check_given, check_known, create, load_class
from modelry.presets.events import announced
from modelry.presets.recipe import Part
from modelry.presets.transformers import DEFAULT_SEQUENCE_LENGTH
from modelry.presets.upgrade import ready_recipe
from modelry.storage.budget import Tally
from modelry.storage.options import OPTIONS, take_options
from modelry.storage.reference import told
from modelry.tasks.base.adapters import origin_of, place_adapter
from modelry.tasks.text_classifier.head_choice import HeadChoice, check_saved_head, choose_head
from modelry.weights.build import initialize, settle_policies, uninitialized
from modelry.weights.stores import bring_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.backbones.backbone import Backbone
    from modelry.presets.recipe import Recipe
    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Preset
    from modelry.tasks.base.head import Head
    from modelry.tasks.text_classifier.task import TextClassifier

B = TypeVar("B", bound="Backbone")
C = TypeVar("C", bound="TextClassifier")


@announced
def load_backbone(cls: type[B], preset: Preset, load_weights: bool, overrides: Mapping[str, Any]) -> B:
    """Load a preset's backbone, which must be a `cls`."""
    options, overrides = take_options(overrides)
    recipe = ready_recipe(preset, options)
    if recipe.adapter is not None:
        raise PresetError(
            f"{told(preset)!r} is an adapter for a whole classifier. Load it with TextClassifier.from_preset; its "
            "backbone has the adapters then."
        )
    found = load_class(recipe, recipe.backbone, cls)
    with uninitialized(_tally(recipe, options)):
        backbone = _backbone(recipe, found, recipe.backbone.config, overrides, options)
    if load_weights:
        bring_weights(recipe.files, [recipe.backbone_weights], options.limits)
        if recipe.quantized:
            _check_dtype(recipe, overrides)
            stored = [(recipe.backbone_weights, backbone_weights(backbone))]
            dtype = saved_policy(recipe, stored, backbone.dtype_policy, options.limits)
            with uninitialized(_tally(recipe, options)):
                backbone = _backbone(recipe, found, recipe.backbone.config, {**overrides, "dtype": dtype}, options)
            settle_policies(backbone)
        place_backbone(recipe, backbone, options.limits)
    initialize(backbone.variables)
    return backbone


@announced
def load_classifier(
    cls: type[C],
    preset: Preset,
    load_weights: bool,
    overrides: Mapping[str, Any],
    infer_class: bool,
) -> C:
    """Load a preset as a classifier of class `cls`, or of the class that the preset or its architecture names.

    Args:
        cls: The class that was asked for.
        preset: A built-in name, a folder, or a URI; or a list of places with the same files.
        load_weights: Whether to read the weights.
        overrides: What the caller wants otherwise than it was saved.
        infer_class: Whether `cls` stands for whatever subclass of it the preset names.
    """
    check_arguments(overrides, _override_names(cls), f"{cls.__name__}.from_preset")
    options, overrides = take_options(overrides)
    base = overrides.pop("base", None)
    recipe = ready_recipe(preset, options, base)
    found = _named_class(recipe, cls) if infer_class else cls
    load_class(recipe, recipe.backbone, found.backbone_cls)
    if recipe.task is not None and recipe.task.short_name.rpartition(".")[2] == found.task:
        # A foreign checkpoint says more of the head than the task's constructor takes.
        check_known(recipe.task.config, (*found.arguments(), *argument_names(found.head_cls)), found, recipe)
    choice = choose_head(recipe, overrides)
    preprocessor = _preprocessor(recipe, found, overrides)
    build = functools.partial(_classifier, recipe, found, choice, preprocessor, overrides, options)
    classifier = build()
    read_backbone, read_head = load_weights and "backbone" not in overrides, load_weights and choice.restored
    if read_head:
        check_saved_head(recipe, choice, found, classifier.backbone)
    backbone_file = recipe.backbone_weights if read_backbone else None
    head_file = recipe.task_weights if read_head and recipe.adapter is None else None
    bring_weights(recipe.files, [name for name in (backbone_file, head_file) if name is not None], options.limits)
    if load_weights and recipe.quantized:
        _check_dtype(recipe, overrides)
        stored = [] if backbone_file is None else [(backbone_file, backbone_weights(classifier.backbone))]
        stored += [] if head_file is None else [(head_file, head_weights(classifier.head))]
        classifier = build(saved_policy(recipe, stored, classifier.backbone.dtype_policy, options.limits))
        settle_policies(classifier)
    backbone, head = classifier.backbone, classifier.head
    if backbone_file is not None:
        place_backbone(recipe, backbone, options.limits)
    if head_file is not None:
        place_head(recipe, head, options.limits)
    if load_weights and recipe.adapter is not None:
        place_adapter(recipe, recipe.adapter, backbone, head if read_head else None, options.limits)
    initialize(classifier.variables)
    if read_backbone:
        classifier.origin = origin_of(recipe, preset, base, options)
    if overrides.get("compile", True):
        classifier.compile()
    return classifier


def _classifier(
    recipe: Recipe,
    cls: type[C],
    choice: HeadChoice,
    preprocessor: Any,
    overrides: Mapping[str, Any],
    options: OpenOptions,
    dtype: Any = None,
) -> C:
    """Build a classifier without values; a `dtype` goes before that of the overrides and the preset."""
    keras_arguments = {"name": None if recipe.task is None else recipe.task.config.get("name")}
    keras_arguments |= {key: overrides[key] for key in ("name", "trainable") if key in overrides}
    given = overrides if dtype is None else {**overrides, "dtype": dtype}
    with uninitialized(_tally(recipe, options)):
        backbone = _classifiers_backbone(recipe, cls, given, options)
        head = choice.head or _head(recipe, choice, cls, backbone, dtype or backbone.dtype_policy)
        with blamed_on(f"Preset {recipe.files.reference!r} makes no {cls.__name__}", overrides):
            return cls(
                backbone,
                preprocessor=preprocessor,
                head=head,
                labels=choice.labels,
                problem_type=choice.problem_type,
                compile=False,
                **keras_arguments,
            )


def _check_dtype(recipe: Recipe, overrides: Mapping[str, Any]) -> None:
    if overrides.get("dtype") is not None:
        raise InputError(f"dtype= is for float presets, and {recipe.files.reference!r} is quantized. Leave it out.")


def _override_names(cls: type[TextClassifier]) -> tuple[str, ...]:
    return (*cls.arguments(), "sequence_length", "dtype", "base", *OPTIONS)


def _named_class(recipe: Recipe, cls: type[C]) -> type[C]:
    """Return the class that the preset names, or else its architecture, or else `cls`."""
    if recipe.task is not None:
        if recipe.task.short_name.rpartition(".")[2] == cls.task:
            return load_class(recipe, recipe.task, cls)
        saved = registry.load("tasks", recipe.task.name) if registry.has("tasks", recipe.task.name) else None
        if isinstance(saved, type) and issubclass(saved, cls):  # a classifier with a name of its own
            return saved
    own = recipe.default_part("text_classifier")
    if not registry.has("tasks", own):
        return cls  # an architecture without a classifier of its own gets the generic one
    return load_class(recipe, Part("tasks", own, {}), cls)


def _tally(recipe: Recipe, options: OpenOptions) -> Tally:
    return Tally(options.limits, f"The model of preset {recipe.files.reference!r}")


def _backbone(
    recipe: Recipe, cls: type[B], config: Mapping[str, Any], overrides: Mapping[str, Any], options: OpenOptions
) -> B:
    """Create a backbone, whose config alone has to tell that it stays within the budget, where its class can say so."""
    check_given(cls, config, overrides, recipe)
    whole = {**argument_defaults(cls), **config, **overrides}
    where = f"The config of preset {recipe.files.reference!r}"
    for value in whole.values():  # whatever it counts, there are not more of it than numbers
        options.limits.check("parameters", value if isinstance(value, int) else 0, where)
    tally = Tally(options.limits, where)
    bad = f"Preset {recipe.files.reference!r} has a bad {cls.__name__}"
    # Where an argument is missing, the constructor can say so better.
    with blamed_on(bad, overrides), contextlib.suppress(KeyError):
        for shape in cls.weight_shapes(whole):
            tally.add(shape, itemsize=1)
    return create(cls, config, overrides, recipe)


def _classifiers_backbone(
    recipe: Recipe, cls: type[TextClassifier], overrides: Mapping[str, Any], options: OpenOptions
) -> Backbone:
    given = overrides.get("backbone")
    if given is not None:
        return cls.check_backbone(given)
    found = load_class(recipe, recipe.backbone, cls.backbone_cls)
    # As in KerasHub, a task follows the dtype asked for or Keras' global one, whatever the preset was saved in.
    dtype = overrides.get("dtype") or keras.config.dtype_policy()
    return _backbone(recipe, found, {**recipe.backbone.config, "dtype": dtype}, {}, options)


def _head(recipe: Recipe, choice: HeadChoice, cls: type[TextClassifier], backbone: Backbone, dtype: Any) -> Head:
    facts = {"dtype": dtype, "name": "head"}
    if choice.head_cls is not None:
        return create(choice.head_cls, {**choice.config, **facts}, choice.chosen, recipe)
    saved = cls.head_arguments(backbone, choice.config)
    wanted = cls.head_arguments(backbone, {**choice.config, **choice.chosen})
    changed = {name: value for name, value in wanted.items() if name not in saved or saved[name] != value}
    return create(cls.head_cls, {**saved, **facts}, changed, recipe)


def _preprocessor(recipe: Recipe, cls: type[TextClassifier], overrides: Mapping[str, Any]) -> Any:
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
    if recipe.preprocessor is None and length is None and isinstance(limit, int):
        options["sequence_length"] = min(limit, DEFAULT_SEQUENCE_LENGTH)
    return build_preprocessor(recipe, cls.preprocessor_cls, options, names=(cls.task,))
