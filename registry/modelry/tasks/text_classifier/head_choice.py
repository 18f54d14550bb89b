"""Choice of a classifier's head: the one saved in its preset, or a fresh one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import keras

from modelry.discovery.registry import registry
from modelry.errors import InputError
from modelry.presets.components import load_class
from modelry.tasks.text_classifier.heads import ClassifierHead, activation_name
from modelry.tasks.text_classifier.outputs import check_labels
from modelry.tasks.text_classifier.spec import REGRESSION, goes_with, is_trained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.backbones.backbone import Backbone
    from modelry.presets.recipe import Recipe

_ARGUMENTS = ("num_classes", "activation", "dropout", "hidden_dim")


@attrs.frozen
class HeadChoice:
    """Decision about the head, from a preset and the caller's overrides.

    Attributes:
        restored: Whether the head gets the preset's weights.
        labels: The names of the classes, by index.
        problem_type: What the scores mean; `None` for what the activation says.
        head: The head itself, where the caller passed one.
        head_cls: Its class; `None` for the architecture's own.
        config: The saved arguments of its class.
        chosen: The arguments that the caller gave instead.
    """

    restored: bool
    labels: tuple[str, ...] | None
    problem_type: str | None
    head: ClassifierHead | None = None
    head_cls: type[ClassifierHead] | None = None
    config: Mapping[str, Any] = attrs.field(factory=dict)
    chosen: Mapping[str, Any] = attrs.field(factory=dict)


def choose_head(recipe: Recipe, overrides: Mapping[str, Any]) -> HeadChoice:
    """Choose a head: asking for a number of classes, or for a kind of head, asks for a fresh one.

    Raises:
        InputError: There is no saved head and the number of classes is open, or the labels do not match it.
        UnknownComponent: No plugin registers the head that was asked for.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    task = recipe.task
    config = {} if task is None else task.config
    saved = {key: value for key, value in config.items() if key != "name"} if "num_classes" in config else {}
    restored = task is not None and is_trained(task) and not {"num_classes", "head"} & given.keys()
    problem_type = given.get("problem_type", _saved_problem_type(recipe, given, restored))
    labels = check_labels(given.get("labels"))
    if labels is None and restored and problem_type != REGRESSION:
        labels = None if task is None else task.facts.get("labels")
    if restored and "hidden_dim" in given:
        raise InputError("hidden_dim= makes another head than the saved one. Pass num_classes= too, for a fresh head.")
    asked = given.get("head")
    if isinstance(asked, ClassifierHead):
        return HeadChoice(restored, labels, problem_type, head=asked)
    head_cls = None
    if asked is not None:
        saved, head_cls = {}, _registered_head(asked)
    elif task is not None and (part := task.parts.get("head")) is not None:
        saved, head_cls = {**part.config}, load_class(recipe, part, ClassifierHead)  # type: ignore[type-abstract]
    if not restored:
        saved.pop("num_classes", None)
        if labels is not None:
            saved["num_classes"] = len(labels)
    chosen = {key: given[key] for key in _ARGUMENTS if key in given}
    if problem_type == REGRESSION and "num_classes" not in saved:
        saved["num_classes"] = 1
    _check_count(recipe, {**saved, **chosen}.get("num_classes"), labels, restored)
    return HeadChoice(restored, labels, problem_type, head_cls=head_cls, config=saved, chosen=chosen)


def check_saved_head(recipe: Recipe, choice: HeadChoice, cls: type[Any], backbone: Backbone) -> None:
    """Check that a class makes the kind of head that a preset's weights are of: another may have the same shapes.

    Raises:
        InputError: It makes another one.
    """
    part = None if recipe.task is None else recipe.task.part
    if part is None or choice.head_cls is not None or not registry.has("tasks", part.name):
        return
    saved: Any = load_class(recipe, part, keras.Model)
    if _kind(saved, backbone, choice.config) != _kind(cls, backbone, choice.config):
        raise InputError(
            f"Preset {recipe.files.reference!r} has weights for the head of a {saved.__name__}, and {cls.__name__} "
            f"makes another kind of head. Load it with {saved.__name__}, or pass num_classes= too, for a fresh head."
        )


def _saved_problem_type(recipe: Recipe, given: Mapping[str, Any], restored: bool) -> str | None:
    """Return the preset's problem type where it is the classifier's; `None` for the one that the activation tells."""
    saved: str | None = None if recipe.task is None else recipe.task.facts.get("problem_type")
    if "head" in given or saved is None:
        return None
    if "activation" not in given or goes_with(saved, activation_name(given["activation"])):
        return saved
    # Scores that were trained to be numbers do not stand for probabilities.
    return saved if saved == REGRESSION and restored else None


def _kind(cls: type[Any], backbone: Backbone, config: Mapping[str, Any]) -> tuple[type[ClassifierHead], dict[str, Any]]:
    """Return what tells kinds of heads apart; dropout does not."""
    arguments = cls.head_arguments(backbone, config)
    return cls.head_cls, {name: value for name, value in arguments.items() if "dropout" not in name}


def _registered_head(name: Any) -> type[ClassifierHead]:
    found = registry.load("heads", name) if isinstance(name, str) else name
    if not (isinstance(found, type) and issubclass(found, ClassifierHead)):
        raise InputError(f"head={name!r} is neither a ClassifierHead nor the name of one: {found!r}.")
    return found


def _check_count(recipe: Recipe, count: int | None, labels: tuple[str, ...] | None, restored: bool) -> None:
    if count is None:
        raise InputError(
            f"Preset {recipe.files.reference!r} {_held(recipe)}, so the number of classes is open: "
            "pass num_classes=, or labels= with one name per class."
        )
    if restored and labels is not None and len(labels) != count:
        raise InputError(
            f"labels= names {len(labels)} classes, but the head of preset {recipe.files.reference!r} has {count}. "
            f"Name {count} classes, or pass num_classes={len(labels)} too, for a fresh head."
        )


def _held(recipe: Recipe) -> str:
    if recipe.other_task is None:
        return "has no classification head"
    return f"holds another task, {recipe.other_task}"
