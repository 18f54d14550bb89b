"""Names and values of the weights of a backbone in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.presets.boundary import blamed_on
from modelry.weights.load import layer_weights, load_mapped, load_weights
from modelry.weights.stores import open_weights

if TYPE_CHECKING:
    import keras

    from modelry.presets.recipe import Recipe
    from modelry.storage.budget import Budget


def backbone_weights(backbone: keras.Model) -> dict[str, Any]:
    """Return the backbone's variables by the name under which KerasHub's layout stores them."""
    return layer_weights(backbone.layers)


def place_backbone(recipe: Recipe, backbone: keras.Model, budget: Budget) -> None:
    """Give the backbone the preset's weights.

    Raises:
        UnsafePresetError: The file announces more than the budget allows.
        WeightsError: They do not fit.
        PresetFormatError: The file is damaged.
    """
    store = open_weights(recipe.files, recipe.backbone_weights, budget)
    where = f"{recipe.backbone_weights} of preset {recipe.files.reference!r}"
    checkpoint = recipe.checkpoint
    if checkpoint is None:
        load_weights(backbone_weights(backbone), store, where=where)
        return
    with blamed_on(f"{where} cannot be mapped"):
        weights = list(checkpoint.backbone_weights(backbone))
    load_mapped(weights, store, where=where, optional=checkpoint.optional, ignored=checkpoint.ignored)
