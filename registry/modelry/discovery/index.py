"""Immutable index of everything registered, and the rules by which a name, a class or a role finds its entry."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import attrs

from modelry.discovery.entry import (
    CORE,
    HOOK_GROUPS,
    KINDS,
    MODEL_KINDS,
    RUNTIME,
    Entry,
    check_kind,
    check_name,
    noun,
    split,
)
from modelry.errors import AmbiguousName, BrokenPlugin, IncompatiblePlugin, PluginError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelry.discovery.policy import Policy
    from modelry.discovery.scan import Scan

    Key = tuple[str, str]  # kind, short name


@attrs.frozen
class Index:
    """Everything that is registered. A change makes a new index, so readers need no lock.

    Attributes:
        owners: The installed entries of each (kind, short name), those of permitted plugins.
        blocked: The same for the plugins that the policy blocks.
        distributions: Every installed distribution, plugin or not.
        policy: The permitted plugins.
        runtime: The entries registered by a call.
        preferred: The distribution that a short name means, as chosen by the user.
    """

    owners: Mapping[Key, tuple[Entry, ...]]
    blocked: Mapping[Key, tuple[Entry, ...]]
    distributions: frozenset[str]
    policy: Policy
    runtime: Mapping[Key, Entry]
    preferred: Mapping[Key, str]

    @functools.cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every entry in use, malformed ones and hook modules included, sorted."""
        found = [*self.runtime.values(), *(entry for owners in self.owners.values() for entry in owners)]
        return tuple(sorted(found, key=lambda entry: (entry.kind, entry.name, entry.distribution, entry.target)))

    def names(self) -> dict[str, tuple[str, ...]]:
        """Return the short names of each kind, sorted."""
        found: dict[str, set[str]] = {kind: set() for kind in KINDS}
        for kind, name in (*self.owners, *self.runtime):
            if kind in found:
                found[kind].add(name)
        return {kind: tuple(sorted(names)) for kind, names in found.items()}

    def plugins(self) -> tuple[Entry, ...]:
        """Return the entries of the hook modules."""
        return tuple(entry for entry in self.entries if entry.kind in HOOK_GROUPS)

    def find(self, kind: str, name: str) -> Entry | None:
        """Return the entry that `name`, short or qualified, stands for.

        Raises:
            AmbiguousName: Several distributions register this short name, and none is preferred.
        """
        distribution, short = split(name)
        owners = self.owners.get((kind, short), ())
        preferred = self.preferred.get((kind, short))
        if distribution is None and any(entry.distribution == preferred for entry in owners):
            distribution = preferred
        if distribution in (None, RUNTIME) and (kind, short) in self.runtime:
            return self.runtime[kind, short]
        if distribution is not None:
            owners = tuple(entry for entry in owners if entry.distribution == distribution)
        owners = _sound(owners)
        if len(owners) > 1:
            raise _ambiguous(owners, f"The {noun(kind)} {name!r}", _ways_out(kind, short, owners))
        return owners[0] if owners else None

    def find_blocked(self, kind: str, name: str) -> Entry | None:
        """Return an entry of this name that the policy blocks."""
        distribution, short = split(name)
        entries = self.blocked.get((kind, short), ())
        return next((entry for entry in entries if distribution in (None, entry.distribution)), None)

    def find_blocked_class(self, class_name: str) -> Entry | None:
        """Return an entry, of a kind that models are built of, whose class has this name and that the policy blocks."""
        return next((entry for entry in _classes(self.blocked) if entry.attribute == class_name), None)

    def blocked_distributions(self) -> frozenset[str]:
        """Return the distributions that the policy blocks."""
        return frozenset(entry.distribution for entries in self.blocked.values() for entry in entries)

    def find_class(self, class_name: str) -> Entry | None:
        """Return the entry, of a kind that models are built of, whose class has this name.

        Raises:
            AmbiguousName: Several registered classes have this name.
        """
        found = {entry.target: entry for entry in reversed(self.classes) if entry.attribute == class_name}
        if len(found) > 1:
            imports = " or ".join(f"from {target.replace(':', ' import ')}" for target in sorted(found))
            raise _ambiguous(found.values(), f"The class {class_name!r}", f"Import the one you mean: {imports}.")
        return next(iter(found.values()), None)

    def find_owner(self, cls: type) -> Entry | None:
        """Return the entry of exactly this class, an installed one before one registered by a call."""
        target = f"{cls.__module__}:{cls.__qualname__}"
        installed = [entry for entry in self.entries if entry.distribution != RUNTIME and entry.problem is None]
        for entry in installed:
            if entry.target == target:
                return entry
        for entry in installed:
            if _may_reexport(entry, cls) and _stands_for(entry, cls):
                return entry
        return next((entry for entry in self.entries if entry.obj is cls), None)

    def rivals(self, entry: Entry) -> tuple[Entry, ...]:
        """Return the other entries that its short name may mean, as long as the user has chosen none."""
        key = (entry.kind, entry.name)
        owners = _sound(self.owners.get(key, ()))
        if key in self.runtime or entry not in owners or any(o.distribution == self.preferred.get(key) for o in owners):
            return ()
        return tuple(owner for owner in owners if owner != entry)

    def way_out(self, entry: Entry) -> str:
        """Return advice about the rivals of an entry."""
        return _ways_out(entry.kind, entry.name, _sound(self.owners[entry.kind, entry.name]))

    @functools.cached_property
    def classes(self) -> tuple[Entry, ...]:
        """The well-formed entries of the kinds that models are built of."""
        return tuple(entry for entry in self.entries if entry.kind in MODEL_KINDS and entry.problem is None)

    def with_runtime(self, entry: Entry, replace: bool) -> Index:
        """Return an index with an entry registered by a call; its short name then means this entry.

        Raises:
            AmbiguousName: Something else has the name, and `replace` is not given.
        """
        key = (entry.kind, entry.name)
        others = (self.runtime[key],) if key in self.runtime else self.owners.get(key, ())
        clashes = [other for other in others if not _is_rerun(other, entry)]
        if clashes and not replace:
            raise AmbiguousName(
                f"The {noun(entry.kind)} {entry.name!r} is already registered by {_who(clashes)}. "
                "Take another name, or pass replace=True to have it mean yours in this process."
            )
        preferred = {kept: owner for kept, owner in self.preferred.items() if kept != key}
        return attrs.evolve(self, runtime={**self.runtime, key: entry}, preferred=preferred)


def build_index(scan: Scan, policy: Policy) -> Index:
    """Sort the result of a scan by name, the blocked plugins apart."""
    if not policy.names:
        return Index(_by_name(scan.entries), {}, scan.distributions, policy, {}, {})
    permitted = [entry for entry in scan.entries if policy.permits(entry.distribution)]
    blocked = [entry for entry in scan.entries if not policy.permits(entry.distribution)]
    return Index(_by_name(permitted), _by_name(blocked), scan.distributions, policy, {}, {})


def check_policy(policy: Policy, scan: Scan) -> None:
    """Check that the distributions which the variable names contribute here.

    The file of a policy is not checked: it may serve several environments.

    Raises:
        PluginError: One of them is not installed, or has no plugin.
    """
    if policy.file is not None:
        return
    contributing = {entry.distribution for entry in scan.entries}
    for name in sorted(policy.names - contributing - {CORE}):
        what = "contains no modelry plugin" if name in scan.distributions else "is not installed"
        plugins = ", ".join(sorted(contributing - {CORE})) or "none"
        raise PluginError(
            f"{policy} names {name!r}, which {what}.{did_you_mean(name, contributing)} Installed plugins: {plugins}."
        )


def runtime_entry(kind: str, name: str, obj: object) -> Entry:
    """Return the entry of an object that is registered by a call.

    Raises:
        InputError: The kind or the name is not valid.
    """
    check_kind(kind)
    check_name(name)
    module = getattr(obj, "__module__", type(obj).__module__)
    qualname = getattr(obj, "__qualname__", type(obj).__qualname__)
    return Entry(kind, name, f"{module}:{qualname}", RUNTIME, obj=obj)


def _is_rerun(old: Entry, new: Entry) -> bool:
    """Return whether `new` is `old` again: a reloaded module, or a notebook cell that is run once more."""
    return new.target == old.target or (old.distribution == RUNTIME and new.target.startswith("__main__:"))


def _by_name(entries: Iterable[Entry]) -> dict[Key, tuple[Entry, ...]]:
    found: dict[Key, tuple[Entry, ...]] = {}
    for entry in entries:
        found[entry.kind, entry.name] = (*found.get((entry.kind, entry.name), ()), entry)
    return found


def _classes(owners: Mapping[Key, tuple[Entry, ...]]) -> Iterable[Entry]:
    found = (entry for entries in owners.values() for entry in entries)
    return (entry for entry in found if entry.kind in MODEL_KINDS and entry.problem is None)


def _sound(owners: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Drop malformed declarations if there is a well-formed one."""
    return tuple(entry for entry in owners if entry.problem is None) or owners


def _who(owners: Iterable[Entry]) -> str:
    return " and ".join(f"{entry.owner} ({entry.target})" for entry in owners)


def _ambiguous(owners: Iterable[Entry], what: str, way_out: str) -> AmbiguousName:
    return AmbiguousName(f"{what} is registered by {_who(owners)}. {way_out}")


def _ways_out(kind: str, short: str, owners: tuple[Entry, ...]) -> str:
    names = list(dict.fromkeys(entry.qualified for entry in owners))
    if len(names) < len(owners):
        return "One distribution registers it twice: tell its author, or uninstall it."
    first = owners[0].distribution if owners else ""
    return (
        f"Write {' or '.join(map(repr, names))}, or choose once with "
        f"modelry.registry.prefer({kind!r}, {short!r}, {first!r})."
    )


def _may_reexport(entry: Entry, cls: type) -> bool:
    """Return whether the target has this class name in the same package, so that importing it is safe."""
    package, _, _ = entry.target.partition(":")[0].partition(".")
    return package == cls.__module__.partition(".")[0] and entry.attribute.rpartition(".")[2] == cls.__name__


def _stands_for(entry: Entry, cls: type) -> bool:
    try:
        return entry.load() is cls
    except (BrokenPlugin, IncompatiblePlugin):
        return False
