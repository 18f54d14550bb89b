"""Assemble the backbone and the classifier of a Recipe.

Every class is looked up, and every override checked, before a byte of weights is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import keras

from modelry.arguments import check_arguments
from modelry.discovery.default import registry
from modelry.errors import InputError
from modelry.models.head_choice import HeadChoice, choose_head
from modelry.models.weights import place_backbone, place_head
from modelry.presets.components import load_class
from modelry.presets.events import announced
from modelry.presets.recipe import Part
from modelry.presets.transformers import DEFAULT_SEQUENCE_LENGTH
from modelry.presets.upgrade import ready_recipe
from modelry.storage.options import OPTIONS, take_options
from modelry.text.loading import build_preprocessor, create
from modelry.weights.build import initialize, uninitialized
from modelry.weights.stores import bring_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.models.backbone import Backbone
    from modelry.models.head import Head
    from modelry.models.text_classifier import TextClassifier
    from modelry.presets.recipe import Recipe
    from modelry.storage.reference import Preset

B = TypeVar("B", bound="Backbone")
C = TypeVar("C", bound="TextClassifier")


@announced
def load_backbone(cls: type[B], preset: Preset, load_weights: bool, overrides: Mapping[str, Any]) -> B:
    """Load a preset's backbone, which must be a `cls`."""
    options, overrides = take_options(overrides)
    recipe = ready_recipe(preset, options)
    found = load_class(recipe, recipe.backbone, cls)
    with uninitialized():
        backbone = create(found, recipe.backbone.config, overrides, recipe)
    if load_weights:
        bring_weights(recipe.files, [recipe.backbone_weights])
        place_backbone(recipe, backbone)
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
    recipe = ready_recipe(preset, options)
    found = _named_class(recipe, cls) if infer_class else cls
    load_class(recipe, recipe.backbone, found.backbone_cls)
    choice = choose_head(recipe, overrides)
    preprocessor = _preprocessor(recipe, found, overrides)
    keras_arguments = {"name": None if recipe.task is None else recipe.task.config.get("name")}
    keras_arguments |= {key: overrides[key] for key in ("name", "trainable") if key in overrides}
    with uninitialized():
        backbone = _backbone(recipe, found, overrides)
        head = choice.head or _head(recipe, choice, found, backbone)
        classifier = found(
            backbone, preprocessor=preprocessor, head=head, labels=choice.labels, compile=False, **keras_arguments
        )
    read_backbone, read_head = load_weights and "backbone" not in overrides, load_weights and choice.restored
    names = (recipe.backbone_weights if read_backbone else None, recipe.task_weights if read_head else None)
    bring_weights(recipe.files, [name for name in names if name is not None])
    if read_backbone:
        place_backbone(recipe, backbone)
    if read_head:
        place_head(recipe, head)
    initialize(classifier.variables)
    if overrides.get("compile", True):
        classifier.compile()
    return classifier


def _override_names(cls: type[TextClassifier]) -> tuple[str, ...]:
    return (*cls.arguments(), "sequence_length", "dtype", *OPTIONS)


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


def _backbone(recipe: Recipe, cls: type[TextClassifier], overrides: Mapping[str, Any]) -> Backbone:
    given = overrides.get("backbone")
    if given is not None:
        return cls.check_backbone(given)
    found = load_class(recipe, recipe.backbone, cls.backbone_cls)
    # As in KerasHub, a task follows the dtype asked for or Keras' global one, whatever the preset was saved in.
    dtype = overrides.get("dtype") or keras.config.dtype_policy()
    return create(found, {**recipe.backbone.config, "dtype": dtype}, {}, recipe)


def _head(recipe: Recipe, choice: HeadChoice, cls: type[TextClassifier], backbone: Backbone) -> Head:
    facts = {"dtype": backbone.dtype_policy, "name": "head"}
    return create(choice.head_cls or cls.head_cls, {**choice.config, **facts}, choice.chosen, recipe)


def _preprocessor(recipe: Recipe, cls: type[TextClassifier], overrides: Mapping[str, Any]) -> Any:
    length = overrides.get("sequence_length")
    if "preprocessor" in overrides:
        if length is not None:
            raise InputError(
                "sequence_length= is part of the preprocessor, so it cannot be given beside preprocessor=. "
                "Set it on the preprocessor."
            )
        return overrides["preprocessor"]
    options = {} if length is None else {"sequence_length": length}
    limit = recipe.backbone.config.get("max_sequence_length")
    if recipe.preprocessor is None and length is None and limit is not None:
        options["sequence_length"] = min(limit, DEFAULT_SEQUENCE_LENGTH)
    return build_preprocessor(recipe, cls.preprocessor_cls, options)
