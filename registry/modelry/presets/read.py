"""Read any preset into a Recipe: find its format, then let the format read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.errors import PresetFormatError, PresetNotFound
from modelry.presets import keras_hub, transformers
from modelry.presets.json_files import read_json
from modelry.presets.renames import with_current_names
from modelry.storage.open import open_preset

if TYPE_CHECKING:
    from modelry.presets.recipe import Recipe
    from modelry.storage.files import PresetFiles
    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Preset

CONFIG = "config.json"


def read_recipe(preset: Preset, options: OpenOptions | None = None) -> Recipe:
    """Open a preset and read its Recipe; imports no Keras and touches no weights.

    Args:
        preset: A built-in name, a folder, or a URI; or a list of places with the same files.
        options: How to open it.

    Raises:
        PresetNotFound: There is nothing where the reference points, or nothing that looks like a preset.
        PresetFormatError: A file of the preset is damaged or not understood.
        StorageError: The reference is malformed, or nothing installed handles its scheme.
        UnknownComponent: No installed plugin reads this kind of checkpoint.
    """
    return read_files(open_preset(preset, options))


def read_files(files: PresetFiles) -> Recipe:
    """Read the Recipe of a preset that is already open; components that were renamed have their new names in it."""
    return with_current_names(_read(files))


def _read(files: PresetFiles) -> Recipe:
    if CONFIG not in files:
        raise PresetNotFound(
            f"{files.reference!r} is not a preset: it has no {CONFIG}. "
            "A preset is a folder written by save_to_preset, by KerasHub, or by transformers' save_pretrained."
        )
    config = read_json(files, CONFIG)
    if "registered_name" in config:
        return keras_hub.read(files, config)
    if "model_type" in config:
        return transformers.read(files, config)
    raise PresetFormatError(
        f"{CONFIG} of preset {files.reference!r} is of no known format: it has neither 'registered_name' "
        "(modelry's and KerasHub's layout) nor 'model_type' (transformers)."
    )
