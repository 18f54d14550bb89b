"""Bring a Recipe up to date: the configs that an older plugin saved, as the installed one understands them."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import attrs
from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from modelry.discovery.names import normalise, noun, split
from modelry.discovery.pip import pip_install
from modelry.discovery.registry import registry
from modelry.errors import PluginError, PresetFormatError
from modelry.presets.components import check_requirements
from modelry.presets.read import read_recipe

if TYPE_CHECKING:
    from modelry.presets.recipe import Part, Recipe
    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Preset


def ready_recipe(preset: Preset, options: OpenOptions | None = None, base: Preset | None = None) -> Recipe:
    """Read the Recipe of a preset that is about to be loaded: all it requires is there, its configs are up to date.

    The arguments are those of `read_recipe`.

    Raises:
        MissingPlugin: A distribution is not installed, or not in a version that the preset accepts.
        PresetFormatError: The preset is damaged, or a plugin cannot upgrade a config of its own.
        ModelryError: Whatever else `read_recipe` raises.
    """
    recipe = read_recipe(preset, options, base)
    check_requirements(recipe)
    return recipe.map(lambda part: _upgraded(recipe, part))


def _upgraded(recipe: Recipe, part: Part) -> Part:
    distribution, name = split(part.name)
    saved = None if distribution is None else _saved_version(recipe, part, distribution)
    if distribution is None or saved is None:
        return part
    installed = _installed_version(distribution)
    if installed is None or Version(saved) >= Version(installed):
        return part
    try:
        config = registry.hooks.upgrade_config(distribution, part.kind, name, part.config, saved)
    except PluginError as error:
        raise PresetFormatError(
            f"Preset {recipe.files.reference!r} was saved by {distribution} {saved}, and {distribution} {installed} "
            f"cannot upgrade the config of its {noun(part.kind)} {name!r}. {error}. Tell its author, or run: "
            f"{pip_install(f'{distribution}=={saved}')}"
        ) from error
    return part if config == part.config else attrs.evolve(part, config=config)


def _saved_version(recipe: Recipe, part: Part, distribution: str) -> str | None:
    """Return the version that saved a part: the one that its preset states, or else the oldest one it accepts."""
    saved = recipe.adapter if recipe.adapter is not None and part in (recipe.task, recipe.head) else recipe
    stated = saved.versions.get(distribution)
    lower = [
        one.version.removesuffix(".*")
        for requirement in map(Requirement, saved.requires)
        if normalise(requirement.name) == distribution
        for one in requirement.specifier
        if one.operator in (">=", "==", "~=")
    ]
    found = stated or next(iter(lower), None)
    try:
        return None if found is None else str(Version(found))
    except InvalidVersion:
        raise PresetFormatError(
            f"Preset {recipe.files.reference!r} says that {distribution} {found!r} saved it, which is no version."
        ) from None


def _installed_version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:  # looking for the part says so
        return None
