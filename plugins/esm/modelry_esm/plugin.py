"""The built-in presets of the ESM family, which are KerasHub's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import hookimpl, keras_hub_presets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.plugin import BuiltinPreset

# Name → where it lies below kaggle://keras/, and its number of parameters.
_KERAS_HUB = {
    "esm2_t12_35M": ("esm-2/keras/esm2_t12_35M/1", 33_269_280),
    "esm2_t30_150M": ("esm-2/keras/esm2_t30_150M/1", 147_728_000),
    "esm2_t33_650M": ("esm-2/keras/esm2_t33_650M/1", 649_400_320),
    "esm2_t6_8M": ("esm-2/keras/esm2_t6_8M/1", 7_408_960),
}


@hookimpl
def modelry_presets() -> Iterator[BuiltinPreset]:
    """Yield the built-in presets."""
    yield from keras_hub_presets("esm", _KERAS_HUB)
