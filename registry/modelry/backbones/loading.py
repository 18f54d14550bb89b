"""Loading of backbones: from a Recipe to a model with weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from modelry.arguments import argument_defaults
from modelry.backbones.int8 import saved_policy
from modelry.errors import InputError, PresetError
from modelry.presets.components import blamed_on, check_given, create, load_class, preset_loader
from modelry.presets.read import ready_recipe
from modelry.storage.options import Tally, take_options
from modelry.storage.paths import display_name
from modelry.weights.build import initialize, settle_policies, uninitialized
from modelry.weights.load import layer_weights, load_mapped, load_weights
from modelry.weights.stores import bring_weights, open_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras

    from modelry.presets.recipe import Recipe
    from modelry.storage.options import Budget, OpenOptions
    from modelry.storage.paths import Preset

B = TypeVar("B", bound="keras.Model")


@preset_loader
def load_backbone(cls: type[B], preset: Preset, read_weights: bool, overrides: Mapping[str, Any]) -> B:
    """Load a preset's backbone, which must be a `cls`."""
    options, overrides = take_options(overrides)
    recipe = ready_recipe(preset, options)
    if recipe.adapter is not None:
        raise PresetError(
            f"{display_name(preset)!r} is an adapter for a whole task. Load it with modelry.Task.from_preset; "
            "its backbone has the adapters then."
        )
    found = load_class(recipe, recipe.backbone, cls)
    backbone = build_backbone(recipe, found, recipe.backbone.config, overrides, options)
    if read_weights:
        bring_weights(recipe.files, [recipe.backbone_weights], options.limits)
        if recipe.quantized:
            check_dtype(recipe, overrides)
            stored = [(recipe.backbone_weights, layer_weights(backbone.layers))]
            dtype = saved_policy(recipe, stored, backbone.dtype_policy, options.limits)
            backbone = build_backbone(recipe, found, recipe.backbone.config, {**overrides, "dtype": dtype}, options)
            settle_policies(backbone)
        place_backbone(recipe, backbone, options.limits)
    initialize(backbone.variables)
    return backbone


def build_backbone(
    recipe: Recipe, cls: type[B], config: Mapping[str, Any], overrides: Mapping[str, Any], options: OpenOptions
) -> B:
    """Create a backbone without values; the tally of `uninitialized` stops one that is beyond the budget.

    Args:
        recipe: The preset.
        cls: The backbone's class.
        config: The saved arguments.
        overrides: The arguments of the caller, which replace them.
        options: How the preset was opened.
    """
    check_given(cls, config, overrides, recipe)
    whole = {**argument_defaults(cls), **config, **overrides}
    where = f"The config of preset {recipe.files.reference!r}"
    for value in whole.values():  # whatever it counts, there are not more of it than numbers
        options.limits.check("parameters", value if isinstance(value, int) else 0, where)
    with uninitialized(tally_of(recipe, options)):
        return create(cls, config, overrides, recipe)


def tally_of(recipe: Recipe, options: OpenOptions) -> Tally:
    """Return the counter that stops the construction of a model beyond the budget."""
    return Tally(options.limits, f"The model of preset {recipe.files.reference!r}")


def check_dtype(recipe: Recipe, overrides: Mapping[str, Any]) -> None:
    """Check that nobody asks for another dtype of a quantized preset.

    Raises:
        InputError: The overrides do.
    """
    if overrides.get("dtype") is not None:
        raise InputError(f"dtype= is for float presets, and {recipe.files.reference!r} is quantized. Leave it out.")


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
        load_weights(layer_weights(backbone.layers), store, where=where)
        return
    with blamed_on(f"{where} cannot be mapped"):
        weights = list(checkpoint.backbone_weights(backbone))
    load_mapped(weights, store, where=where, optional=checkpoint.optional, ignored=checkpoint.ignored)
