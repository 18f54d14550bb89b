"""`cls.presets`: the built-in presets that a class can load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.registry import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.plugin import BuiltinPreset


class BuiltinPresets:
    """A class property: built-in name → `BuiltinPreset`.

    On a class that a plugin registers, or a subclass of one, it holds the presets of that class's architecture. On a
    base class it holds those of every installed architecture, or, if the base class has a `task` name, of every
    architecture that registers this task.
    """

    def __get__(self, instance: object, owner: type) -> Mapping[str, BuiltinPreset]:
        for cls in owner.__mro__:
            entry = registry.owner(cls)
            architecture = entry.name.partition(".")[0] if entry else None
            if architecture in registry.names("backbones"):
                return registry.presets(architecture)
        task = getattr(owner, "task", None)
        tasks = registry.names("tasks")
        return {
            name: preset
            for name, preset in registry.presets().items()
            if task is None or f"{preset.architecture}.{task}" in tasks
        }
