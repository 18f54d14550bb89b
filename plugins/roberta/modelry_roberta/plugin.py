"""The built-in presets of RoBERTa and XLM-RoBERTa: those that KerasHub has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import hookimpl, keras_hub_presets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.plugin import BuiltinPreset

# Name → where it lies below kaggle://keras/, and its number of parameters.
_ROBERTA = {
    "roberta_base_en": ("roberta/keras/roberta_base_en/3", 124_052_736),
    "roberta_large_en": ("roberta/keras/roberta_large_en/3", 354_307_072),
}
_XLM_ROBERTA = {
    "bge_m3": ("bge/keras/bge_m3/1", 566_702_080),
    "multilingual_e5_base": ("multilingual-e5/keras/multilingual_e5_base/1", 277_450_752),
    "multilingual_e5_large": ("multilingual-e5/keras/multilingual_e5_large/1", 558_837_760),
    "xlm_roberta_base_multi": ("xlm_roberta/keras/xlm_roberta_base_multi/3", 277_450_752),
    "xlm_roberta_large_multi": ("xlm_roberta/keras/xlm_roberta_large_multi/3", 558_837_760),
}


@hookimpl
def modelry_presets() -> Iterator[BuiltinPreset]:
    """Yield the built-in presets."""
    yield from keras_hub_presets("roberta", _ROBERTA)
    yield from keras_hub_presets("xlm_roberta", _XLM_ROBERTA)
