"""Read any preset into a Recipe: find its format, then let the format read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import InputError, PresetFormatError, PresetNotFound
from modelry.presets import adapter, keras_hub, transformers
from modelry.presets.base_reference import checked_base, options_for_base
from modelry.presets.renames import with_current_names
from modelry.storage.files import read_json
from modelry.storage.open import open_preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.presets.recipe import Recipe
    from modelry.storage.files import PresetFiles
    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Preset

CONFIG = "config.json"


def read_recipe(preset: Preset, options: OpenOptions | None = None, base: Preset | None = None) -> Recipe:
    """Open a preset and read its Recipe; imports no Keras and touches no weights.

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
        InputError: `base` is given for a preset that is no adapter.
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
    if adapter.is_adapter(config):
        read = adapter.read(files, config)
        place = place or files.reference
        named = base or checked_base(read.base, place)
        base_files = open_preset(named, options and options_for_base(options, named, place))
        base_config = _config(base_files)
        adapter.check_no_adapter(base_config, base_files)
        return with_current_names(adapter.completed(read, _read(base_files, base_config)))
    if base is not None:
        raise InputError(f"base= is for adapters, and {files.reference!r} is a preset of its own. Leave it out.")
    return with_current_names(_read(files, config))


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
        f"{CONFIG} of preset {files.reference!r} is of no known format: it has neither 'registered_name' "
        "(modelry's and KerasHub's layout) nor 'model_type' (transformers)."
    )
