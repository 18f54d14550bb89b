"""The registry: every component that is installed or registered by a call, by kind and name."""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING, TypeVar, overload

import attrs

from modelry.discovery import hints
from modelry.discovery.aliases import find_alias
from modelry.discovery.freshness import Snapshot, snapshot
from modelry.discovery.hooks import Hooks
from modelry.discovery.index import Index, build_index
from modelry.discovery.names import HOOK_GROUPS, KINDS, check_kind, normalise, split
from modelry.discovery.ownership import find_owner
from modelry.discovery.policy import Policy, read_policy
from modelry.discovery.presets import merge_presets
from modelry.discovery.runtime import add_runtime, runtime_entry
from modelry.discovery.scan import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from modelry.discovery.entry import Entry
    from modelry.discovery.hook_group import Failure
    from modelry.discovery.hook_values import BuiltinPreset

T = TypeVar("T")


@attrs.frozen
class _State:
    """What the registry knows, replaced as a whole."""

    index: Index
    hooks: Hooks
    snapshot: Snapshot


class Registry:
    """Finds components by kind and name, among those installed and those registered by a call.

    Nothing is read before the first question, and no plugin is imported before `load`. Several threads may share it.
    """

    def __init__(self) -> None:
        self._state: _State | None = None
        self._lock = threading.RLock()

    @property
    def hooks(self) -> Hooks:
        """What the installed plugins answer when they are asked."""
        return self._known().hooks

    @property
    def policy(self) -> Policy:
        """Which distributions may contribute."""
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
        return tuple(entry for entry in self._known().index.entries() if kind in (None, entry.kind))

    def find(self, kind: str, name: str, *, in_file: bool = False) -> Entry:
        """Return the entry that `name`, short or qualified, stands for, without importing it.

        Args:
            kind: The kind of component.
            name: Its name.
            in_file: Whether a file has the name, so that it is no slip of the pen and nothing similar was meant.

        Raises:
            UnknownComponent: Nothing installed registers it, or a policy keeps out what does.
            AmbiguousName: Several distributions register it.
        """
        check_kind(kind)
        return self._find(kind, name) or self._find_otherwise(kind, name, in_file)

    def has(self, kind: str, name: str) -> bool:
        """Return whether `name` is registered now; unlike `find`, this asks no plugin about old names and hints.

        Raises:
            AmbiguousName: Several distributions register it.
        """
        check_kind(kind)
        return self._find(kind, name) is not None

    def load(self, kind: str, name: str) -> object:
        """Import and return what `name` stands for.

        Raises:
            UnknownComponent: Nothing installed registers it, or a policy keeps out what does.
            AmbiguousName: Several distributions register it.
            BrokenPlugin: Importing it fails.
            IncompatiblePlugin: The distribution says that it was made for another modelry.
        """
        return self.find(kind, name).load()

    def find_class(self, class_name: str) -> Entry:
        """Return the entry whose class has this name, among the kinds that models are built of.

        Raises:
            UnknownComponent: No entry has it.
            AmbiguousName: Several registered classes have this name.
        """
        found = self._retry(lambda index: index.find_class(class_name))
        if found is None:
            hint = self.hooks.install_hint(hints.CLASSES, class_name)
            raise hints.unknown_class(self._known().index, class_name, hint)
        return found

    def class_names(self) -> tuple[str, ...]:
        """Return the names that `find_class` knows, sorted."""
        return tuple(sorted({entry.attribute for entry in self._known().index.classes()}))

    def owner(self, cls: type) -> Entry | None:
        """Return the entry that registers exactly this class, or None."""
        return find_owner(self._known().index.entries(), cls)

    def presets(self, architecture: str | None = None) -> Mapping[str, BuiltinPreset]:
        """Return the presets that the installed plugins know by name.

        A name that two distributions use is listed under both qualified names, and not under the short one.

        Args:
            architecture: Only those of this backbone.
        """
        presets = merge_presets(self.hooks.presets())
        return {name: preset for name, preset in presets.items() if architecture in (None, preset.architecture)}

    def contributor(self, preset: str) -> Entry | None:
        """Return the hook module that a built-in preset, by its name in `presets`, comes from; None for any other."""
        distribution, short = split(preset)
        for plugin, presets in self.hooks.presets():
            if distribution in (None, plugin.distribution) and any(found.name == short for found in presets):
                return plugin
        return None

    def failures(self) -> tuple[Failure, ...]:
        """Return what went wrong in hook modules so far."""
        return self.hooks.failures

    def check_hooks(self) -> tuple[Failure, ...]:
        """Import every hook module, and return what went wrong in them so far."""
        return self.hooks.check()

    @overload
    def register(self, kind: str, name: str, obj: T, *, replace: bool = False) -> T: ...
    @overload
    def register(self, kind: str, name: str, obj: None = None, *, replace: bool = False) -> Callable[[T], T]: ...
    def register(self, kind: str, name: str, obj: T | None = None, *, replace: bool = False) -> T | Callable[[T], T]:
        """Register a component in this process only; without `obj`, return a decorator that does.

        Running a notebook cell again, or reloading a module, replaces what it registered before.

        Args:
            kind: The kind of component.
            name: Its short name.
            obj: The class.
            replace: Whether to take the name from whatever else has it.

        Raises:
            InputError: The kind or the name is not valid.
            AmbiguousName: Something else has the name, and `replace` is not given.
        """
        if obj is None:
            return lambda decorated: self.register(kind, name, decorated, replace=replace)
        entry = runtime_entry(kind, name, obj)
        self._update(lambda index: add_runtime(index, entry, replace))
        return obj

    def prefer(self, kind: str, name: str, distribution: str) -> None:
        """Let the short `name` mean the component of this distribution, in this process.

        Raises:
            UnknownComponent: The distribution registers no such name.
        """
        entry = self.find(kind, f"{distribution}:{name}")
        preferred = {(kind, entry.name): normalise(distribution)}
        self._update(lambda index: attrs.evolve(index, preferred={**index.preferred, **preferred}))

    def refresh(self) -> None:
        """Look at the installation again; what was registered by a call stays."""
        with self._lock:
            old = self._state
            importlib.invalidate_caches()  # or Python would not find the modules of what was just installed
            self._state = _look(old)

    @contextlib.contextmanager
    def isolated(self) -> Iterator[Registry]:
        """Within this context the registry is as in a new process; afterwards it is as it was. For tests.

        It is one state for the whole process: threads that run meanwhile see the fresh one too.
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
                state = self._state = self._state or _look(None)
        return state

    def _update(self, change: Callable[[Index], Index]) -> None:
        with self._lock:
            state = self._known()
            self._state = attrs.evolve(state, index=change(state.index))

    def _find(self, kind: str, name: str) -> Entry | None:
        return self._retry(lambda index: index.find(kind, name))

    def _retry(self, look_up: Callable[[Index], Entry | None]) -> Entry | None:
        """Look up, and on a miss once more where something may have been installed meanwhile."""
        state = self._known()
        found = look_up(state.index)
        if found is None and not state.snapshot.is_current():
            self.refresh()
            found = look_up(self._known().index)
        return found

    def _find_otherwise(self, kind: str, name: str, in_file: bool) -> Entry:
        """Ask the plugins about a name that is not in the index."""
        state = self._known()
        barred = state.index.find_blocked(kind, name)
        if barred is not None:
            raise hints.blocked(state.index, barred)
        found = find_alias(state.index, state.hooks, kind, name)
        if found is None:
            raise hints.unknown(state.index, kind, name, state.hooks.install_hint(kind, name), in_file=in_file)
        return found


def _look(old: _State | None) -> _State:
    """Scan the installation, and take over from the old state what a scan cannot find."""
    now = snapshot()
    index = build_index(scan(), read_policy(now.variable))
    if old is None:
        return _State(index, Hooks(index.plugins()), now)
    index = attrs.evolve(index, runtime=old.index.runtime, preferred=old.index.preferred)
    hooks = old.hooks if old.hooks.entries == index.plugins() else Hooks(index.plugins())
    return _State(index, hooks, now)
