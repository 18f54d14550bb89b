"""The built-in presets of the DistilBERT family, which are KerasHub's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import hookimpl, keras_hub_presets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.plugin import BuiltinPreset

# Name → where it lies below kaggle://keras/, and its number of parameters.
_KERAS_HUB = {
    "distil_bert_base_en": ("distil_bert/keras/distil_bert_base_en/3", 65_190_912),
    "distil_bert_base_en_uncased": ("distil_bert/keras/distil_bert_base_en_uncased/3", 66_362_880),
    "distil_bert_base_multi": ("distil_bert/keras/distil_bert_base_multi/3", 134_734_080),
}


@hookimpl
def modelry_presets() -> Iterator[BuiltinPreset]:
    """Yield the built-in presets."""
    yield from keras_hub_presets("distil_bert", _KERAS_HUB)
