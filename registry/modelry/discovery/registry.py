"""Registry of all components, installed or registered by a call, by kind and name."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar, overload

import attrs

from modelry.discovery import hints
from modelry.discovery.entry import HOOK_GROUPS, KINDS, check_kind, normalise, split
from modelry.discovery.hooks import Hooks
from modelry.discovery.index import Index, build_index, check_policy, runtime_entry
from modelry.discovery.policy import Policy, read_policy
from modelry.discovery.scan import Snapshot, scan, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from modelry.discovery.entry import Entry
    from modelry.discovery.hook_values import BuiltinPreset
    from modelry.discovery.hooks import Failure

T = TypeVar("T")


@attrs.frozen
class _State:
    """State of the registry, replaced as a whole."""

    index: Index
    hooks: Hooks
    snapshot: Snapshot


class Registry:
    """Components by kind and name, installed or registered by a call.

    Nothing is read before the first lookup, and no plugin is imported before `load`. Threads may share it.
    """

    def __init__(self) -> None:
        self._state: _State | None = None
        self._lock = threading.RLock()

    @property
    def hooks(self) -> Hooks:
        """The hook modules of the installed plugins."""
        return self._known().hooks

    @property
    def policy(self) -> Policy:
        """The distributions that `MODELRY_PLUGINS` permits."""
        return self._known().index.policy

    @overload
    def names(self) -> Mapping[str, tuple[str, ...]]: ...
    @overload
    def names(self, kind: str) -> tuple[str, ...]: ...
    def names(self, kind: str | None = None) -> Mapping[str, tuple[str, ...]] | tuple[str, ...]:
        """Return the short names of one kind, sorted, or of every kind: {kind: names}."""
        if kind is None:
            return self._known().index.names()
        check_kind(kind)
        return self._known().index.names()[kind]

    def entries(self, kind: str | None = None) -> tuple[Entry, ...]:
        """Return every entry, or those of one kind, sorted; malformed declarations and hook modules are among them."""
        if kind not in (None, *HOOK_GROUPS, *KINDS):
            check_kind(str(kind))
        return tuple(entry for entry in self._known().index.entries if kind in (None, entry.kind))

    def find(self, kind: str, name: str, *, in_file: bool = False) -> Entry:
        """Return the entry that `name`, short or qualified, stands for, without importing it.

        Args:
            kind: The kind of component.
            name: Its name.
            in_file: Whether the name comes from a file; suppresses "did you mean".

        Raises:
            UnknownComponent: Nothing installed registers it, or `MODELRY_PLUGINS` blocks the plugin that does.
            AmbiguousName: Several distributions register it.
        """
        check_kind(kind)
        return self._find(kind, name) or self._find_otherwise(kind, name, in_file)

    def has(self, kind: str, name: str) -> bool:
        """Return whether `name` is registered; unlike `find`, without asking plugins about old names and hints.

        Raises:
            AmbiguousName: Several distributions register it.
        """
        check_kind(kind)
        return self._find(kind, name) is not None

    def load(self, kind: str, name: str) -> object:
        """Import and return the component called `name`.

        Raises:
            UnknownComponent: Nothing installed registers it, or `MODELRY_PLUGINS` blocks the plugin that does.
            AmbiguousName: Several distributions register it.
            BrokenPlugin: Importing it fails.
            IncompatiblePlugin: Its distribution was made for another modelry.
        """
        return self.find(kind, name).load()

    def find_class(self, class_name: str) -> Entry:
        """Return the entry whose class has this name, among the kinds that models are built of.

        Raises:
            UnknownComponent: No entry has it, or `MODELRY_PLUGINS` blocks the plugin that does.
            AmbiguousName: Several registered classes have this name.
        """
        found = self._retry(lambda index: index.find_class(class_name))
        if found is None:
            hint = self.hooks.install_hint(hints.CLASSES, class_name)
            raise hints.unknown_class(self._known().index, class_name, hint)
        return found

    def class_names(self) -> tuple[str, ...]:
        """Return the names that `find_class` knows, sorted."""
        return tuple(sorted({entry.attribute for entry in self._known().index.classes}))

    def owner(self, cls: type) -> Entry | None:
        """Return the entry that registers exactly this class, or None."""
        return self._known().index.find_owner(cls)

    def presets(self, architecture: str | None = None) -> Mapping[str, BuiltinPreset]:
        """Return the built-in presets of the installed plugins, by name, sorted.

        A name that two distributions use is listed under both qualified names, and not under the short one.

        Args:
            architecture: The short name of a backbone, to return only its presets.
        """
        owners: dict[str, dict[str, BuiltinPreset]] = defaultdict(dict)
        for plugin, presets in self.hooks.presets():
            for preset in presets:
                owners[preset.name].setdefault(plugin.distribution, preset)
        table: dict[str, BuiltinPreset] = {}
        for name, owned in owners.items():
            if len(owned) == 1:
                table[name] = next(iter(owned.values()))
            else:
                table |= {f"{distribution}:{name}": preset for distribution, preset in owned.items()}
        return {name: table[name] for name in sorted(table) if architecture in (None, table[name].architecture)}

    def contributor(self, preset: str) -> Entry | None:
        """Return the hook module that supplies a built-in preset, by its name in `presets`; None for any other name."""
        distribution, short = split(preset)
        for plugin, presets in self.hooks.presets():
            if distribution in (None, plugin.distribution) and any(found.name == short for found in presets):
                return plugin
        return None

    def failures(self) -> tuple[Failure, ...]:
        """Return the failures of hook modules so far."""
        return self.hooks.failures

    def check_hooks(self) -> tuple[Failure, ...]:
        """Import every hook module, and return their failures so far."""
        return self.hooks.check()

    @overload
    def register(self, kind: str, name: str, obj: T, *, replace: bool = False) -> T: ...
    @overload
    def register(self, kind: str, name: str, obj: None = None, *, replace: bool = False) -> Callable[[T], T]: ...
    def register(self, kind: str, name: str, obj: T | None = None, *, replace: bool = False) -> T | Callable[[T], T]:
        """Register a component in this process only; without `obj`, return a decorator.

        Running a notebook cell again, or reloading a module, replaces its earlier registration.

        Args:
            kind: The kind of component.
            name: Its short name.
            obj: The class.
            replace: Whether to take the name from another component.

        Raises:
            InputError: The kind or the name is not valid.
            AmbiguousName: Something else has the name, and `replace` is not given.
        """
        if obj is None:
            return lambda decorated: self.register(kind, name, decorated, replace=replace)
        entry = runtime_entry(kind, name, obj)
        self._update(lambda index: index.with_runtime(entry, replace))
        return obj

    def prefer(self, kind: str, name: str, distribution: str) -> None:
        """Make the short `name` mean the component of this distribution, in this process.

        Raises:
            UnknownComponent: The distribution registers no such name.
        """
        entry = self.find(kind, f"{distribution}:{name}")
        preferred = {(kind, entry.name): normalise(distribution)}
        self._update(lambda index: attrs.evolve(index, preferred={**index.preferred, **preferred}))

    def refresh(self) -> None:
        """Scan the installation again; components registered by a call stay."""
        with self._lock:
            old = self._state
            importlib.invalidate_caches()  # or Python would not find the modules of what was just installed
            self._state = _scanned(old)

    @contextlib.contextmanager
    def isolated(self) -> Iterator[Registry]:
        """Return a context in which the registry is as in a new process, for tests.

        All threads of the process see the fresh registry meanwhile.
        """
        with self._lock:
            saved, self._state = self._state, None
        try:
            yield self
        finally:
            with self._lock:
                self._state = saved

    def _known(self) -> _State:
        state = self._state
        if state is None:
            with self._lock:
                state = self._state = self._state or _scanned(None)
        return state

    def _update(self, change: Callable[[Index], Index]) -> None:
        with self._lock:
            state = self._known()
            self._state = attrs.evolve(state, index=change(state.index))

    def _find(self, kind: str, name: str) -> Entry | None:
        return self._retry(lambda index: index.find(kind, name))

    def _retry(self, look_up: Callable[[Index], Entry | None]) -> Entry | None:
        """Look up; on a miss, scan and look up again if something may have been installed meanwhile."""
        state = self._known()
        found = look_up(state.index)
        if found is None and not state.snapshot.is_current():
            self.refresh()
            found = look_up(self._known().index)
        return found

    def _find_otherwise(self, kind: str, name: str, in_file: bool) -> Entry:
        """Ask the plugins about a name that is not in the index."""
        state = self._known()
        if state.index.find_blocked(kind, name) is not None:
            raise hints.unknown(state.index, kind, name)
        found = hints.find_alias(state.index, state.hooks, kind, name)
        if found is None:
            raise hints.unknown(state.index, kind, name, state.hooks.install_hint(kind, name), in_file=in_file)
        return found


def _scanned(old: _State | None) -> _State:
    """Scan the installation, and keep registrations and preferences of the old state."""
    now = snapshot()
    found = scan()
    policy = read_policy(now.variable) if now.variable else Policy()
    if policy.names:
        check_policy(policy, found)
    index = build_index(found, policy)
    if old is None:
        return _State(index, Hooks(index.plugins()), now)
    index = attrs.evolve(index, runtime=old.index.runtime, preferred=old.index.preferred)
    hooks = old.hooks if old.hooks.entries == index.plugins() else Hooks(index.plugins())
    return _State(index, hooks, now)


registry = Registry()
"""The one registry of the process; it is `modelry.registry`."""

register = registry.register
isolated = registry.isolated
