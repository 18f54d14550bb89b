"""The built-in presets of F-Net, which are KerasHub's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import hookimpl, keras_hub_presets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.plugin import BuiltinPreset

# Name → where it lies below kaggle://keras/, and its number of parameters.
_KERAS_HUB = {
    "f_net_base_en": ("f_net/keras/f_net_base_en/3", 82_861_056),
    "f_net_large_en": ("f_net/keras/f_net_large_en/3", 236_945_408),
}


@hookimpl
def modelry_presets() -> Iterator[BuiltinPreset]:
    """Yield the built-in presets."""
    yield from keras_hub_presets("f_net", _KERAS_HUB)
