"""Assemble the tokenizer and the preprocessor of a Recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from modelry.arguments import argument_names, check_arguments
from modelry.errors import InputError, PresetError, PresetFormatError, PresetNotFound
from modelry.presets.components import load_class
from modelry.presets.events import announced
from modelry.presets.keras_hub import ASSETS
from modelry.presets.recipe import Part
from modelry.presets.upgrade import ready_recipe
from modelry.storage.options import OPTIONS, take_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.presets.recipe import Recipe
    from modelry.storage.reference import Preset
    from modelry.text.preprocessor import Preprocessor
    from modelry.text.tokenizer import Tokenizer

T = TypeVar("T", bound="Tokenizer")
P = TypeVar("P", bound="Preprocessor")
C = TypeVar("C")


@announced
def load_tokenizer(cls: type[T], preset: Preset, overrides: Mapping[str, Any]) -> T:
    """Load a preset's tokenizer, which must be a `cls`."""
    options, overrides = take_options(overrides)
    return build_tokenizer(ready_recipe(preset, options), cls, overrides)


@announced
def load_preprocessor(cls: type[P], preset: Preset, overrides: Mapping[str, Any]) -> P:
    """Load a preset's preprocessor, which must be a `cls`."""
    options, overrides = take_options(overrides)
    return build_preprocessor(ready_recipe(preset, options), cls, overrides)


def build_tokenizer(recipe: Recipe, cls: type[T], overrides: Mapping[str, Any]) -> T:
    """Build the tokenizer of a Recipe."""
    if recipe.tokenizer is None:
        raise PresetNotFound(
            f"Preset {recipe.files.reference!r} has no tokenizer: neither tokenizer.json nor a vocabulary. "
            "Add one, or pass preprocessor=None to work on token ids."
        )
    found = load_class(recipe, recipe.tokenizer, cls)
    config = dict(recipe.tokenizer.config)
    if recipe.checkpoint is None:
        # Always from the preset's own files: a path inside the config must never be opened.
        config |= {key: recipe.files.path(ASSETS + name) for key, name in found.assets.items()}
    return create(found, config, overrides, recipe)


def build_preprocessor(recipe: Recipe, cls: type[P], overrides: Mapping[str, Any]) -> P:
    """Build the preprocessor of a Recipe, or the architecture's default one if the preset has only a tokenizer."""
    part = recipe.preprocessor or Part("preprocessors", recipe.default_part("text_classifier"), {})
    found = load_class(recipe, part, cls)
    tokenizer = overrides.get("tokenizer") or build_tokenizer(recipe, found.tokenizer_cls, {})
    return create(found, {**part.config, "tokenizer": tokenizer}, overrides, recipe)


def create(cls: type[C], config: Mapping[str, Any], overrides: Mapping[str, Any], recipe: Recipe) -> C:
    """Call a class with a preset's config and the caller's overrides, blaming the right one for a wrong argument."""
    known = argument_names(cls)
    check_arguments(overrides, (*known, *OPTIONS), f"{cls.__name__}.from_preset")
    unknown = sorted(set(config) - set(known))
    if unknown:
        raise PresetFormatError(
            f"Preset {recipe.files.reference!r} sets {', '.join(unknown)}, which {cls.__name__} does not know. "
            "It may be from a newer version: upgrade the plugin, or report it to its author."
        )
    try:
        return cls(**{**config, **overrides})
    except PresetError:
        raise
    except (InputError, TypeError, ValueError) as error:
        if overrides:
            raise
        raise PresetFormatError(f"Preset {recipe.files.reference!r} has a bad {cls.__name__}: {error}") from error
