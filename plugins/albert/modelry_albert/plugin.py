"""The built-in presets of ALBERT, which are KerasHub's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import hookimpl, keras_hub_presets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.plugin import BuiltinPreset

# Name → where it lies below kaggle://keras/, and its number of parameters.
_KERAS_HUB = {
    "albert_base_en_uncased": ("albert/keras/albert_base_en_uncased/5", 11_683_584),
    "albert_extra_extra_large_en_uncased": ("albert/keras/albert_extra_extra_large_en_uncased/3", 222_595_584),
    "albert_extra_large_en_uncased": ("albert/keras/albert_extra_large_en_uncased/3", 58_724_864),
    "albert_large_en_uncased": ("albert/keras/albert_large_en_uncased/3", 17_683_968),
}


@hookimpl
def modelry_presets() -> Iterator[BuiltinPreset]:
    """Yield the built-in presets."""
    yield from keras_hub_presets("albert", _KERAS_HUB)
