"""What modelry asks of the plugins' hook modules, with types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.discovery import hook_answers as read
from modelry.discovery.hook_group import Failure, HookGroup
from modelry.discovery.names import HOOK_GROUPS, OBSERVERS, PLUGIN, POLICIES, normalise
from modelry.errors import PluginError, PresetRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelry.discovery.entry import Entry
    from modelry.discovery.hook_values import BuiltinPreset, Command, Fetched, PresetLoaded, Published
    from modelry.discovery.policy import Policy


class Hooks:
    """The hook modules of all groups.

    Args:
        entries: The entries of the groups in `names.HOOK_GROUPS`.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._groups = {
            group: HookGroup(group, [entry for entry in self.entries if entry.kind == group]) for group in HOOK_GROUPS
        }

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What went wrong so far."""
        return tuple(failure for group in self._groups.values() for failure in group.failures)

    @property
    def has_observers(self) -> bool:
        """Whether anybody wants to hear of what is done."""
        return bool(self._groups[OBSERVERS].entries)

    def check(self) -> tuple[Failure, ...]:
        """Import every hook module of every group, and return what went wrong so far."""
        for group in self._groups.values():
            group.check()
        return self.failures

    def presets(self) -> list[tuple[Entry, list[BuiltinPreset]]]:
        """Return the presets of each plugin."""
        return self._groups[PLUGIN].ask("modelry_presets", read.read_presets)

    def aliases(self) -> list[tuple[Entry, dict[tuple[str, str], str]]]:
        """Return the renamed components of each plugin."""
        return self._groups[PLUGIN].ask("modelry_aliases", read.read_aliases)

    def install_hint(self, kind: str, name: str) -> str | None:
        """Return the first plugin's answer to what must be installed for this component."""
        answers = self._groups[PLUGIN].ask("modelry_install_hint", read.read_requirement, kind=kind, name=name)
        return answers[0][1] if answers else None

    def commands(self) -> list[tuple[Entry, list[Command]]]:
        """Return the commands of each plugin."""
        return self._groups[PLUGIN].ask("modelry_commands", read.read_commands)

    def upgrades_configs(self, distribution: str) -> bool:
        """Return whether this distribution promises to read the presets of its older versions."""
        return self._groups[PLUGIN].implements("modelry_upgrade_config", normalise(distribution))

    def upgrade_config(
        self, distribution: str, kind: str, name: str, config: Mapping[str, Any], saved_version: str
    ) -> Mapping[str, Any]:
        """Return a saved config in the terms of the distribution's installed version.

        Raises:
            PluginError: The hook, or the module it should be in, fails.
        """
        found = self._groups[PLUGIN].collect(
            "modelry_upgrade_config",
            read.read_config,
            normalise(distribution),
            kind=kind,
            name=name,
            config=dict(config),
            saved_version=saved_version,
        )
        for failure in found.failures:
            raise PluginError(str(failure)) from failure.error
        return found.given[0][1] if found.given else config

    def check_fetch(self, reference: str, policy: Policy) -> None:
        """Ask the policies about a preset.

        Args:
            reference: Where it lies.
            policy: What `MODELRY_PLUGINS` says, to tell how a plugin is turned off.

        Raises:
            PresetRefused: One of them does not allow it.
            PluginError: One of them cannot be asked, and what cannot be asked does not allow anything.
        """
        found = self._groups[POLICIES].collect("modelry_before_fetch", read.read_reason, reference=reference)
        for failure in found.failures:
            name = failure.entry.distribution
            raise PluginError(
                f"Preset {reference!r} is not opened, because a policy that is installed here cannot be asked. "
                f"{failure}. Mend {name}, remove it, or turn it off with {policy.without(name)}"
            ) from failure.error
        for entry, reason in found.given:
            raise PresetRefused(
                f"Preset {reference!r} is refused by {entry.owner}: {reason.rstrip('.')}. Use a preset that it allows, "
                "or ask whoever installed this policy."
            )

    def announce(self, event: PresetLoaded | Fetched | Published) -> None:
        """Tell the observers of what was done; one that fails is warned of, and stops nothing whatever it does."""
        names = {"PresetLoaded": "preset_loaded", "Fetched": "fetched", "Published": "published"}
        hook = f"modelry_{names[type(event).__name__]}"
        self._groups[OBSERVERS].ask(hook, read.read_nothing, event=event)
