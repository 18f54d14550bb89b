"""Components that were renamed since a preset was saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from modelry.discovery.registry import registry
from modelry.errors import PluginError

if TYPE_CHECKING:
    from modelry.presets.recipe import Part, Recipe


def with_current_names(recipe: Recipe) -> Recipe:
    """Return a Recipe in which a component that was renamed has its new name; meeting an old one warns.

    What is looked for under the name of another part, such as an architecture's default preprocessor, is found only so.
    """
    return recipe.map(_current)


def _current(part: Part) -> Part:
    try:
        entry = registry.find(part.kind, part.name, in_file=True)
    except PluginError:
        return part  # which is an error only if this part is used, and then says more
    return part if entry.name == part.short_name else attrs.evolve(part, name=entry.qualified)
