"""Asking the plugins: a lazy pluggy manager in which no plugin can break another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from modelry.discovery.warn import warn_user
from modelry.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pluggy

    from modelry.discovery.entry import Entry
    from modelry.discovery.specs import BuiltinPreset

T = TypeVar("T")


@attrs.frozen
class Failure:
    """A hook module, or one hook in it, that did not work; the error is kept for whoever looks into it."""

    entry: Entry
    doing: str
    error: BaseException = attrs.field(eq=False)

    def __str__(self) -> str:
        text = f"{self.entry.owner} ({self.entry.target}): {self.doing} fails"
        return f"{text} with {type(self.error).__name__}: {self.error}"


class Hooks:
    """The hook modules of the given entries, imported when the first hook is called.

    Args:
        entries: The entries of the group `modelry.plugin`.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._failures: dict[Failure, Failure] = {}
        self._manager: pluggy.PluginManager | None = None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What went wrong so far."""
        return tuple(self._failures)

    def presets(self) -> list[tuple[Entry, list[BuiltinPreset]]]:
        """Return the presets of each plugin."""
        return self._ask("modelry_presets", _read_presets)

    def aliases(self) -> list[tuple[Entry, dict[tuple[str, str], str]]]:
        """Return the renamed components of each plugin."""
        return self._ask("modelry_aliases", _read_aliases)

    def install_hint(self, kind: str, name: str) -> str | None:
        """Return the first plugin's answer to what must be installed for this component."""
        answers = self._ask("modelry_install_hint", _read_requirement, kind=kind, name=name)
        return answers[0][1] if answers else None

    def _ask(self, hook: str, read: Callable[[Any], T], **arguments: object) -> list[tuple[Entry, T]]:
        """Call `hook` of each plugin on its own, and `read` what it returns; a None is no answer."""
        answers: list[tuple[Entry, T]] = []
        failures: list[Failure] = []
        manager = self._activate(failures)
        for entry in _in_order(manager, hook, self.entries):
            others = [plugin for name, plugin in manager.list_name_plugin() if name != entry.qualified]
            with _Isolated(failures, entry, hook):
                answers += [(entry, read(answer)) for answer in manager.subset_hook_caller(hook, others)(**arguments)]
        # Only now, since with warnings turned into errors the first one would silence the plugins after it.
        for failure in failures:
            if self._failures.setdefault(failure, failure) is failure:
                warn_user(f"A modelry plugin is broken and passed over. {failure}", RuntimeWarning)
        return answers

    def _activate(self, failures: list[Failure]) -> pluggy.PluginManager:
        if self._manager is not None:
            return self._manager
        import pluggy

        from modelry.discovery import specs

        manager = pluggy.PluginManager("modelry")
        manager.add_hookspecs(specs)
        for entry in self.entries:
            with _Isolated(failures, entry, "its hook module"):
                module = entry.load()
                if not manager.is_registered(module):
                    manager.register(module, entry.qualified)
                    _check_hooks(manager, module)
        # Two threads may both get here. They build the same, and a lock held over imports could deadlock.
        self._manager = manager
        return manager


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


def _in_order(manager: pluggy.PluginManager, hook: str, entries: tuple[Entry, ...]) -> Iterator[Entry]:
    """Yield the plugins that implement `hook` as pluggy would call them, `tryfirst` first."""
    named = {entry.qualified: entry for entry in entries}
    implementations = reversed(getattr(manager.hook, hook).get_hookimpls())
    yield from dict.fromkeys(named[found.plugin_name] for found in implementations)


def _check_hooks(manager: pluggy.PluginManager, module: object) -> None:
    for caller in manager.get_hookcallers(module) or ():
        if not caller.has_spec() and not all(found.optionalhook for found in caller.get_hookimpls()):
            hooks = [known for known in vars(manager.hook) if getattr(manager.hook, known).has_spec()]
            raise TypeError(f"modelry has no hook {caller.name!r}.{did_you_mean(caller.name, hooks)}")


def _read_presets(answer: Iterable[BuiltinPreset]) -> list[BuiltinPreset]:
    from modelry.discovery.specs import BuiltinPreset

    presets = list(answer)
    for preset in presets:
        if not isinstance(preset, BuiltinPreset):
            raise TypeError(f"expected a BuiltinPreset, got {preset!r}")
    return presets


def _read_aliases(answer: Any) -> dict[tuple[str, str], str]:
    aliases = {}
    for (kind, old), new in dict(answer).items():
        if not (isinstance(kind, str) and isinstance(old, str) and isinstance(new, str)):
            raise TypeError(f"expected {{(kind, old name): new name}}, got {answer!r}")
        aliases[kind, old] = new
    return aliases


def _read_requirement(answer: str) -> str:
    if not isinstance(answer, str) or not answer.isprintable() or answer.startswith("-"):
        raise TypeError(f"expected what pip shall install, such as 'acme-cnn>=2', got {answer!r}")
    return answer
