"""`cls.presets`: the built-in presets that a class can load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.registry import registry
from modelry.presets.task_spec import default_names, task_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.plugin import BuiltinPreset


class BuiltinPresets:
    """A class property: built-in name → `BuiltinPreset`.

    On a class that a plugin registers for an architecture, or a subclass of one, it holds the presets of that
    architecture. On a base class it holds those of every installed architecture; on the base class of a task, those of
    every architecture with a class or a preprocessor for the task.
    """

    def __get__(self, instance: object, owner: type) -> Mapping[str, BuiltinPreset]:
        for cls in owner.__mro__:
            entry = registry.owner(cls)
            architecture = entry.name.partition(".")[0] if entry else None
            if architecture in registry.names("backbones"):
                return registry.presets(architecture)
        task, presets = task_of(owner), registry.presets()
        if task is None:
            return presets
        fits: dict[str, bool] = {}
        for preset in presets.values():
            if preset.architecture not in fits:
                kinds = ("tasks", "preprocessors")
                names = [name for kind in kinds for name in default_names(kind, preset.architecture, task)]
                own = [name for name in names if name.rpartition(":")[2].startswith(f"{preset.architecture}.")]
                fits[preset.architecture] = bool(own)
        return {name: preset for name, preset in presets.items() if fits[preset.architecture]}
