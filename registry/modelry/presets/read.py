"""Reading of any preset into a Recipe, brought up to date with the installed plugins."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any

import attrs
from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from modelry.discovery.entry import normalise, noun, split
from modelry.discovery.pip import pip_install
from modelry.discovery.registry import registry
from modelry.errors import InputError, PluginError, PresetFormatError, PresetNotFound
from modelry.presets import adapter, keras_hub, transformers
from modelry.presets.adapter import checked_base, options_for_base
from modelry.presets.components import check_requirements
from modelry.storage.files import read_json
from modelry.storage.open import open_preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.presets.recipe import Part, Recipe
    from modelry.storage.files import PresetFiles
    from modelry.storage.options import OpenOptions
    from modelry.storage.paths import Preset

CONFIG = "config.json"


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


def read_recipe(preset: Preset, options: OpenOptions | None = None, base: Preset | None = None) -> Recipe:
    """Open a preset and read its Recipe; touches no weights.

    Keras is imported only where a task that KerasHub saved has a class with a name of its own: the class alone says
    which task it is.

    Args:
        preset: A built-in name, a folder, or a URI; or a list of places with the same files.
        options: How to open it.
        base: For an adapter, the preset it belongs to; `None` for the one that it names.

    Raises:
        PresetNotFound: There is nothing where the reference points, or nothing that looks like a preset.
        PresetFormatError: A file of the preset is damaged or not understood.
        UnsafePresetError: An adapter names a base that it may not name.
        StorageError: The reference is malformed, or nothing installed handles its scheme.
        UnknownComponent: No installed plugin reads this kind of checkpoint.
        InputError: `base` is given for a preset that is not an adapter.
    """
    return read_files(open_preset(preset, options), options, base)


def read_files(
    files: PresetFiles, options: OpenOptions | None = None, base: Preset | None = None, place: str | None = None
) -> Recipe:
    """Read the Recipe of a preset that is already open; components that were renamed have their new names in it.

    Args:
        files: The preset.
        options: How an adapter is opened, or published, from which follows how to open its base.
        base: The base of an adapter; `None` for the one that it names.
        place: Where an adapter will lie, which decides what it may name; `None` for where it lies.
    """
    config = _config(files)
    if adapter.MARKER in config:
        read = adapter.read(files, config)
        place = place or files.reference
        named = base or checked_base(read.base, place)
        base_files = open_preset(named, options and options_for_base(options, named, place))
        base_config = _config(base_files)
        adapter.check_no_adapter(base_config, base_files)
        return _with_current_names(adapter.completed(read, _read(base_files, base_config)))
    if base is not None:
        raise InputError(f"base= is for adapters, and {files.reference!r} is a preset of its own. Leave it out.")
    return _with_current_names(_read(files, config))


def _config(files: PresetFiles) -> dict[str, Any]:
    if CONFIG not in files:
        raise PresetNotFound(
            f"{files.reference!r} is not a preset: it has no {CONFIG}. "
            "A preset is a folder written by save_to_preset, by KerasHub, or by transformers' save_pretrained."
        )
    return read_json(files, CONFIG)


def _read(files: PresetFiles, config: Mapping[str, Any]) -> Recipe:
    if "registered_name" in config:
        return keras_hub.read(files, config)
    if "model_type" in config:
        return transformers.read(files, config)
    raise PresetFormatError(
        f"{CONFIG} of preset {files.reference!r} has an unknown format: it has neither 'registered_name' "
        "(modelry's and KerasHub's layout) nor 'model_type' (transformers)."
    )


def _with_current_names(recipe: Recipe) -> Recipe:
    """Return a Recipe in which components renamed since it was saved have their new names; an old name warns.

    Defaults are looked up under the name of another part, such as that of the backbone, and are found only this way.
    """
    return recipe.map(_current)


def _current(part: Part) -> Part:
    try:
        entry = registry.find(part.kind, part.name, in_file=True)
    except PluginError:
        return part  # which is an error only if this part is used, and then says more
    return part if entry.name == part.short_name else attrs.evolve(part, name=entry.qualified)


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
    saved = recipe.adapter if recipe.adapter is not None and _is_of_task(recipe, part) else recipe
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
            f"Preset {recipe.files.reference!r} says that {distribution} {found!r} saved it, which is not a version."
        ) from None


def _is_of_task(recipe: Recipe, part: Part) -> bool:
    return recipe.task is not None and part in (recipe.task.part, *recipe.task.parts.values())


def _installed_version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:  # looking for the part says so
        return None
