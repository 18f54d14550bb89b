"""Questions to the plugins' hook modules, typed, with every plugin isolated from the others.

Each module is imported when one of its hooks is first called. A plugin that fails is reported and skipped, unless a
question says otherwise.
"""

from __future__ import annotations

import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from modelry.discovery import hook_values as values
from modelry.discovery.entry import HOOK_GROUPS, OBSERVERS, PLUGIN, POLICIES, check_api, normalise
from modelry.discovery.warn import warn_user, warn_user_and_go_on
from modelry.errors import PluginError, PresetRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pluggy

    from modelry.discovery.entry import Entry
    from modelry.discovery.hook_values import BuiltinPreset, Command, Fetched, PresetLoaded, Published
    from modelry.discovery.policy import Policy

T = TypeVar("T")

_MODULE = "its hook module"


@attrs.frozen
class Failure:
    """Failure of a hook module, or of one hook in it, with its error."""

    entry: Entry
    doing: str
    error: BaseException = attrs.field(eq=False)

    def __str__(self) -> str:
        text = f"{self.entry.owner} ({self.entry.target}): {self.doing} fails"
        return f"{text} with {type(self.error).__name__}: {' '.join(str(self.error).splitlines())}"


class Hooks:
    """The hook modules of all groups.

    Args:
        entries: The entries of the groups in `HOOK_GROUPS`.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._groups = {
            group: _HookGroup(group, [entry for entry in self.entries if entry.kind == group]) for group in HOOK_GROUPS
        }

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The failures so far."""
        return tuple(failure for group in self._groups.values() for failure in group.failures)

    @property
    def has_observers(self) -> bool:
        """True if an observer is installed."""
        return bool(self._groups[OBSERVERS].entries)

    def check(self) -> tuple[Failure, ...]:
        """Import every hook module of every group, and return the failures so far."""
        for group in self._groups.values():
            group.check()
        return self.failures

    def presets(self) -> list[tuple[Entry, list[BuiltinPreset]]]:
        """Return the presets of each plugin."""
        return self._groups[PLUGIN].ask("modelry_presets", values.read_presets)

    def aliases(self) -> list[tuple[Entry, dict[tuple[str, str], str]]]:
        """Return the renamed components of each plugin."""
        return self._groups[PLUGIN].ask("modelry_aliases", values.read_aliases)

    def install_hint(self, kind: str, name: str) -> str | None:
        """Return the requirement that the first plugin with an answer suggests for this component."""
        answers = self._groups[PLUGIN].ask("modelry_install_hint", values.read_requirement, kind=kind, name=name)
        return answers[0][1] if answers else None

    def commands(self) -> list[tuple[Entry, list[Command]]]:
        """Return the commands of each plugin."""
        return self._groups[PLUGIN].ask("modelry_commands", values.read_commands)

    def upgrades_configs(self, distribution: str) -> bool:
        """Return whether this distribution promises to read the presets of its older versions."""
        return self._groups[PLUGIN].implements("modelry_upgrade_config", normalise(distribution))

    def upgrade_config(
        self, distribution: str, kind: str, name: str, config: Mapping[str, Any], saved_version: str
    ) -> Mapping[str, Any]:
        """Return a saved config as the installed version of the distribution expects it.

        Raises:
            PluginError: The hook, or its module, fails.
        """
        found = self._groups[PLUGIN].collect(
            "modelry_upgrade_config",
            values.read_config,
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
            reference: The place of the preset.
            policy: The value of `MODELRY_PLUGINS`, for the advice on how to turn a policy off.

        Raises:
            PresetRefused: A policy does not allow it.
            PluginError: A policy cannot be asked, and so allows nothing.
        """
        found = self._groups[POLICIES].collect("modelry_before_fetch", values.read_reason, reference=reference)
        for failure in found.failures:
            name = failure.entry.distribution
            raise PluginError(
                f"Preset {reference!r} is not opened, because a policy that is installed here cannot be asked. "
                f"{failure}. Repair {name}, remove it, or turn it off with {policy.without(name)}"
            ) from failure.error
        for entry, reason in found.given:
            raise PresetRefused(
                f"Preset {reference!r} is refused by {entry.owner}: {reason.rstrip('.')}. Use a preset that it allows, "
                "or ask the person who installed this policy."
            )

    def announce(self, event: PresetLoaded | Fetched | Published) -> None:
        """Notify the observers; a failing one causes a warning and stops nothing."""
        names = {"PresetLoaded": "preset_loaded", "Fetched": "fetched", "Published": "published"}
        hook = f"modelry_{names[type(event).__name__]}"
        self._groups[OBSERVERS].ask(hook, values.read_nothing, event=event)


@attrs.frozen
class _Answers:
    given: list[tuple[Entry, Any]]
    failures: list[Failure]


class _HookGroup:
    """Lazily imported hook modules of one entry-point group, in a pluggy manager."""

    def __init__(self, group: str, entries: Iterable[Entry]) -> None:
        self.group = group
        self.entries = tuple(entries)
        self._failures: dict[Failure, Failure] = {}
        self._activated: dict[Entry, Failure | None] = {}
        self._manager: pluggy.PluginManager | None = None
        self._lock = threading.Lock()

    @property
    def failures(self) -> tuple[Failure, ...]:
        return tuple(self._failures)

    def ask(self, hook: str, read: Callable[[Any], T], **arguments: Any) -> list[tuple[Entry, T]]:
        """Call `hook` of every plugin, check the answers with `read`, and warn about new failures."""
        before = self.failures
        warn = warn_user_and_go_on if self.group == OBSERVERS else warn_user  # an observer can stop nothing
        answers = self.collect(hook, read, **arguments)
        # Only now, since with warnings turned into errors the first one would silence the plugins after it.
        for failure in answers.failures:
            if failure not in before:
                warn(f"A modelry plugin is broken and skipped. {failure}", RuntimeWarning)
        return answers.given

    def collect(
        self, hook: str, read: Callable[[Any], object], distribution: str | None = None, **arguments: Any
    ) -> _Answers:
        """Call `hook` of each plugin on its own, or of those of one distribution; None is not an answer."""
        entries = [entry for entry in self.entries if distribution in (None, entry.distribution)]
        if not entries:
            return _Answers([], [])  # and pluggy is not imported
        manager = self._activate(entries)
        answers = _Answers([], [failure for entry in entries if (failure := self._activated[entry]) is not None])
        for entry in _implementers(manager, hook, entries):
            others = [plugin for name, plugin in manager.list_name_plugin() if name != _name(entry)]
            with _Isolated(answers.failures, entry, hook):
                found = manager.subset_hook_caller(hook, others)(**arguments)
                answers.given.extend((entry, read(answer)) for answer in found)
        self._failures |= {failure: failure for failure in answers.failures if failure not in self._failures}
        return answers

    def implements(self, hook: str, distribution: str) -> bool:
        """Return whether a hook module of this distribution implements `hook`."""
        entries = [entry for entry in self.entries if entry.distribution == distribution]
        return bool(entries) and bool(_implementers(self._activate(entries), hook, entries))

    def check(self) -> None:
        """Import every hook module, so that `failures` has those that cannot be imported."""
        if self.entries:
            self._activate(self.entries)

    def _activate(self, entries: Sequence[Entry]) -> pluggy.PluginManager:
        """Import and register the modules of `entries` that are not yet registered."""
        manager = self._manager or self._new_manager()
        for entry in entries:
            if entry in self._activated:
                continue
            failures: list[Failure] = []
            module: object = None
            with _Isolated(failures, entry, _MODULE):
                module = entry.load()  # outside the lock, which could deadlock with the lock of imports
            with self._lock:
                if entry not in self._activated:
                    self._activated[entry] = self._register(manager, entry, module, failures)
        return manager

    def _register(
        self, manager: pluggy.PluginManager, entry: Entry, module: object, failures: list[Failure]
    ) -> Failure | None:
        from modelry.discovery.hookspecs import check_hooks

        # Two entries may name one module; it answers once.
        if not failures and not manager.is_registered(module):
            with _Isolated(failures, entry, _MODULE):
                check_api(entry, module)
                manager.register(module, _name(entry))
                check_hooks(manager, self.group, module)
        self._failures |= {failure: failure for failure in failures}
        return failures[0] if failures else None

    def _new_manager(self) -> pluggy.PluginManager:
        import pluggy

        from modelry.discovery.hookspecs import HOOKS

        with self._lock:
            if self._manager is None:
                manager = pluggy.PluginManager("modelry")
                specs = ModuleType(self.group)
                vars(specs).update({hook.__name__: hook for hook in HOOKS[self.group]})
                manager.add_hookspecs(specs)
                self._manager = manager
            return self._manager


@attrs.frozen
class _Isolated:
    """Context that turns any error inside into a Failure; only Ctrl-C passes."""

    failures: list[Failure]
    entry: Entry
    doing: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is None or isinstance(error, KeyboardInterrupt):
            return False
        self.failures.append(Failure(self.entry, self.doing, error))
        return True


def _name(entry: Entry) -> str:
    return f"{entry.qualified} {entry.target}"


def _implementers(manager: pluggy.PluginManager, hook: str, entries: Sequence[Entry]) -> list[Entry]:
    """Return the plugins that implement `hook` in pluggy's calling order: `tryfirst` first, later names before."""
    named = {_name(entry): entry for entry in entries}
    found = {}
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        entry = named.get(implementation.plugin_name)
        if entry is not None:
            found[entry] = 1 - implementation.tryfirst + implementation.trylast
    return sorted((entry for entry in reversed(entries) if entry in found), key=found.__getitem__)
