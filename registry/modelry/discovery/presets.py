"""One table of the presets that all plugins contribute."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelry.discovery.entry import Entry
    from modelry.discovery.hook_values import BuiltinPreset


def merge_presets(contributions: Iterable[tuple[Entry, Iterable[BuiltinPreset]]]) -> dict[str, BuiltinPreset]:
    """Return the presets by name, sorted; a name of two distributions appears under its qualified names only."""
    owners: dict[str, dict[str, BuiltinPreset]] = defaultdict(dict)
    for plugin, presets in contributions:
        for preset in presets:
            owners[preset.name].setdefault(plugin.distribution, preset)
    table: dict[str, BuiltinPreset] = {}
    for name, owned in owners.items():
        if len(owned) == 1:
            table[name] = next(iter(owned.values()))
        else:
            table |= {f"{distribution}:{name}": preset for distribution, preset in owned.items()}
    return dict(sorted(table.items()))
