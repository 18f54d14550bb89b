"""The hook modules of one group: a lazy pluggy manager in which no plugin can break another."""

from __future__ import annotations

import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from modelry.discovery.names import OBSERVERS
from modelry.discovery.warn import warn_user, warn_user_and_go_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pluggy

    from modelry.discovery.entry import Entry

T = TypeVar("T")

_MODULE = "its hook module"


@attrs.frozen
class Failure:
    """A hook module, or one hook in it, that did not work; the error is kept for whoever looks into it."""

    entry: Entry
    doing: str
    error: BaseException = attrs.field(eq=False)

    def __str__(self) -> str:
        text = f"{self.entry.owner} ({self.entry.target}): {self.doing} fails"
        return f"{text} with {type(self.error).__name__}: {' '.join(str(self.error).splitlines())}"


@attrs.frozen
class Answers:
    """What the plugins said, and which of them could not."""

    given: list[tuple[Entry, Any]]
    failures: list[Failure]


class HookGroup:
    """The hook modules of one entry-point group, each imported when a hook is first called of it.

    Args:
        group: One of `names.HOOK_GROUPS`.
        entries: The entries of this group.
    """

    def __init__(self, group: str, entries: Iterable[Entry]) -> None:
        self.group = group
        self.entries = tuple(entries)
        self._failures: dict[Failure, Failure] = {}
        self._activated: dict[Entry, Failure | None] = {}
        self._manager: pluggy.PluginManager | None = None
        self._lock = threading.Lock()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What went wrong so far."""
        return tuple(self._failures)

    def ask(self, hook: str, read: Callable[[Any], T], **arguments: Any) -> list[tuple[Entry, T]]:
        """Call `hook` of every plugin and `read` what it returns; warn of those that fail, and pass them over."""
        before = self.failures
        warn = warn_user_and_go_on if self.group == OBSERVERS else warn_user  # who only observes can stop nothing
        answers = self.collect(hook, read, **arguments)
        # Only now, since with warnings turned into errors the first one would silence the plugins after it.
        for failure in answers.failures:
            if failure not in before:
                warn(f"A modelry plugin is broken and passed over. {failure}", RuntimeWarning)
        return answers.given

    def collect(
        self, hook: str, read: Callable[[Any], object], distribution: str | None = None, **arguments: Any
    ) -> Answers:
        """Call `hook` of each plugin on its own, or of those of one distribution; a None is no answer."""
        entries = [entry for entry in self.entries if distribution in (None, entry.distribution)]
        if not entries:
            return Answers([], [])  # and pluggy is not imported
        manager = self._activate(entries)
        answers = Answers([], [failure for entry in entries if (failure := self._activated[entry]) is not None])
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
        """Import every hook module, so that `failures` tells of those that cannot be."""
        if self.entries:
            self._activate(self.entries)

    def _activate(self, entries: Sequence[Entry]) -> pluggy.PluginManager:
        """Import and register the modules of `entries`, those that are not yet."""
        manager = self._manager or self._new_manager()
        for entry in entries:
            if entry in self._activated:
                continue
            failures: list[Failure] = []
            module: object = None
            with _Isolated(failures, entry, _MODULE):
                module = entry.load()  # outside the lock: one held over imports could deadlock
            with self._lock:
                if entry not in self._activated:
                    self._activated[entry] = self._register(manager, entry, module, failures)
        return manager

    def _register(
        self, manager: pluggy.PluginManager, entry: Entry, module: object, failures: list[Failure]
    ) -> Failure | None:
        from modelry.discovery.api import check_api
        from modelry.discovery.hook_checks import check_hooks

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

        from modelry.discovery.specs import HOOKS

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
    """A context that turns whatever happens inside into a Failure."""

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
    """Return the plugins that implement `hook` as pluggy would call them: `tryfirst` first, later names before."""
    named = {_name(entry): entry for entry in entries}
    found = {}
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        entry = named.get(implementation.plugin_name)
        if entry is not None:
            found[entry] = 1 - implementation.tryfirst + implementation.trylast
    return sorted((entry for entry in reversed(entries) if entry in found), key=found.__getitem__)
