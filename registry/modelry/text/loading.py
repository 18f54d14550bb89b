"""Assemble the tokenizer and the preprocessor of a Recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from modelry.arguments import argument_names, check_arguments
from modelry.errors import PresetFormatError, PresetNotFound, did_you_mean
from modelry.presets.boundary import blamed_on
from modelry.presets.components import load_class
from modelry.presets.events import announced
from modelry.presets.json_files import bounded
from modelry.presets.keras_hub import ASSETS
from modelry.presets.recipe import Part
from modelry.presets.upgrade import ready_recipe
from modelry.storage.options import OPTIONS, take_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelry.presets.recipe import Recipe
    from modelry.storage.reference import Preset
    from modelry.text.preprocessor import Preprocessor
    from modelry.text.tokenizer import Tokenizer

LARGEST_ASSET = 64 * 2**20
"""Bytes of a file that belongs to a tokenizer; a vocabulary of a quarter of a million tokens has five million."""

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
        config |= {key: bounded(recipe.files, ASSETS + name, LARGEST_ASSET) for key, name in found.assets.items()}
    return create(found, config, overrides, recipe)


def build_preprocessor(recipe: Recipe, cls: type[P], overrides: Mapping[str, Any]) -> P:
    """Build the preprocessor of a Recipe, or the architecture's default one if the preset has only a tokenizer."""
    part = recipe.preprocessor or Part("preprocessors", recipe.default_part("text_classifier"), {})
    found = load_class(recipe, part, cls)
    tokenizer = overrides.get("tokenizer") or build_tokenizer(recipe, found.tokenizer_cls, {})
    return create(found, {**part.config, "tokenizer": tokenizer}, overrides, recipe)


def create(cls: type[C], config: Mapping[str, Any], overrides: Mapping[str, Any], recipe: Recipe) -> C:
    """Call a class with a preset's config and the caller's overrides, blaming the right one for a wrong argument."""
    check_given(cls, config, overrides, recipe)
    with blamed_on(f"Preset {recipe.files.reference!r} has a bad {cls.__name__}", overrides):
        return cls(**{**config, **overrides})


def check_given(cls: type, config: Mapping[str, Any], overrides: Mapping[str, Any], recipe: Recipe) -> None:
    """Check that neither a preset nor the caller sets what a class does not take.

    Raises:
        UnknownArgument: The caller does.
        PresetFormatError: The preset does.
    """
    known = argument_names(cls)
    check_arguments(overrides, (*known, *OPTIONS), f"{cls.__name__}.from_preset")
    check_known(config, known, cls, recipe)


def check_known(config: Iterable[str], known: Iterable[str], cls: type, recipe: Recipe) -> None:
    """Check that a preset sets nothing that a class does not know.

    Raises:
        PresetFormatError: It does; the message names the nearest.
    """
    known = tuple(known)
    unknown = sorted(set(config) - set(known))
    if unknown:
        raise PresetFormatError(
            f"Preset {recipe.files.reference!r} sets {', '.join(unknown)}, which {cls.__name__} does not know."
            f"{did_you_mean(unknown[0], known)} It may be from a newer version: upgrade the plugin, or report it to "
            "its author."
        )
