"""The built-in presets of DeBERTa-v3, which are KerasHub's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import hookimpl, keras_hub_presets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.plugin import BuiltinPreset

# Name → where it lies below kaggle://keras/, and its number of parameters.
_KERAS_HUB = {
    "deberta_v3_base_en": ("deberta_v3/keras/deberta_v3_base_en/3", 183_831_552),
    "deberta_v3_base_multi": ("deberta_v3/keras/deberta_v3_base_multi/3", 278_218_752),
    "deberta_v3_extra_small_en": ("deberta_v3/keras/deberta_v3_extra_small_en/3", 70_682_112),
    "deberta_v3_large_en": ("deberta_v3/keras/deberta_v3_large_en/3", 434_012_160),
    "deberta_v3_small_en": ("deberta_v3/keras/deberta_v3_small_en/3", 141_304_320),
}


@hookimpl
def modelry_presets() -> Iterator[BuiltinPreset]:
    """Yield the built-in presets."""
    yield from keras_hub_presets("deberta_v3", _KERAS_HUB)
