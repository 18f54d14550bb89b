"""Which stored tensor belongs to which variable of a backbone or a head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.presets.boundary import blamed_on
from modelry.weights.load import layer_weights, load_mapped, load_weights
from modelry.weights.stores import open_weights

if TYPE_CHECKING:
    from modelry.backbones.backbone import Backbone
    from modelry.presets.recipe import Recipe
    from modelry.storage.budget import Budget
    from modelry.tasks.base.head import Head


def backbone_weights(backbone: Backbone) -> dict[str, Any]:
    """Return the backbone's variables by the name under which KerasHub's layout stores them."""
    return layer_weights(backbone.layers)


def head_weights(head: Head) -> dict[str, Any]:
    """Return the head's variables by name.

    The head's layers are stored as if they were layers of the task itself, which is where KerasHub's tasks have them.
    """
    return layer_weights(head._flatten_layers(include_self=False, recursive=False))


def place_backbone(recipe: Recipe, backbone: Backbone, budget: Budget) -> None:
    """Give the backbone the preset's weights.

    Raises:
        UnsafePresetError: The file announces more than the budget allows.
        WeightsError: They do not fit.
        PresetFormatError: The file is damaged.
    """
    store = open_weights(recipe.files, recipe.backbone_weights, budget)
    where = f"{recipe.backbone_weights} of preset {recipe.files.reference!r}"
    if recipe.checkpoint is None:
        load_weights(backbone_weights(backbone), store, where=where)
    else:
        checkpoint = recipe.checkpoint
        with blamed_on(f"{where} cannot be mapped"):
            weights = list(checkpoint.backbone_weights(backbone))
        load_mapped(weights, store, where=where, optional=checkpoint.optional, ignored=checkpoint.ignored)


def place_head(recipe: Recipe, head: Head, budget: Budget) -> None:
    """Give the head the preset's weights; raises what `place_backbone` does."""
    name = recipe.task_weights or ""
    store = open_weights(recipe.files, name, budget)
    where = f"{name} of preset {recipe.files.reference!r}"
    if recipe.checkpoint is None:
        load_weights(head_weights(head), store, where=where)
    else:
        with blamed_on(f"{where} cannot be mapped"):
            weights = list(recipe.checkpoint.head_weights(head))
        load_mapped(weights, store, where=where, ignored=("*",))
