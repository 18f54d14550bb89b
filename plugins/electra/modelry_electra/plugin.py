"""The built-in presets of the ELECTRA family, which are KerasHub's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import hookimpl, keras_hub_presets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.plugin import BuiltinPreset

# Name → where it lies below kaggle://keras/, and its number of parameters.
_KERAS_HUB = {
    "electra_base_discriminator_uncased_en": ("electra/keras/electra_base_discriminator_uncased_en/2", 109_482_240),
    "electra_base_generator_uncased_en": ("electra/keras/electra_base_generator_uncased_en/2", 33_576_960),
    "electra_large_discriminator_uncased_en": ("electra/keras/electra_large_discriminator_uncased_en/2", 335_141_888),
    "electra_large_generator_uncased_en": ("electra/keras/electra_large_generator_uncased_en/2", 51_065_344),
    "electra_small_discriminator_uncased_en": ("electra/keras/electra_small_discriminator_uncased_en/2", 13_548_800),
    "electra_small_generator_uncased_en": ("electra/keras/electra_small_generator_uncased_en/2", 13_548_800),
}


@hookimpl
def modelry_presets() -> Iterator[BuiltinPreset]:
    """Yield the built-in presets."""
    yield from keras_hub_presets("electra", _KERAS_HUB)
