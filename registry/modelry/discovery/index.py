"""An immutable picture of what is registered, and how a name finds its one entry in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from modelry.discovery.names import HOOK_GROUPS, KINDS, MODEL_KINDS, RUNTIME, noun, split
from modelry.discovery.policy import Policy, check_policy
from modelry.errors import AmbiguousName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelry.discovery.entry import Entry
    from modelry.discovery.scan import Scan

    Key = tuple[str, str]  # kind, short name


@attrs.frozen
class Index:
    """Everything that is registered. A change makes a new index, so a reader needs no lock.

    Attributes:
        owners: The installed entries of each (kind, short name), those of the plugins in use.
        blocked: The same for the plugins that the policy keeps out.
        distributions: Every installed distribution, plugin or not.
        policy: What was kept out, and why.
        runtime: What was registered by a call.
        preferred: The distribution that a short name means, where the user said so.
    """

    owners: Mapping[Key, tuple[Entry, ...]]
    blocked: Mapping[Key, tuple[Entry, ...]]
    distributions: frozenset[str]
    policy: Policy
    runtime: Mapping[Key, Entry]
    preferred: Mapping[Key, str]

    def entries(self) -> tuple[Entry, ...]:
        """Return every entry in use, malformed ones and hook modules included, sorted."""
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
        return tuple(entry for entry in self.entries() if entry.kind in HOOK_GROUPS)

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
        return _only(owners, f"the {noun(kind)} {name!r}", _ways_out(kind, short, owners))

    def find_blocked(self, kind: str, name: str) -> Entry | None:
        """Return an entry of this name that the policy keeps out."""
        distribution, short = split(name)
        entries = self.blocked.get((kind, short), ())
        return next((entry for entry in entries if distribution in (None, entry.distribution)), None)

    def find_class(self, class_name: str) -> Entry | None:
        """Return the entry, of a kind that models are built of, whose class is called `class_name`.

        Raises:
            AmbiguousName: Several registered classes have this name.
        """
        found = {entry.target: entry for entry in reversed(self.classes()) if entry.attribute == class_name}
        imports = " or ".join(f"from {target.replace(':', ' import ')}" for target in sorted(found))
        return _only(tuple(found.values()), f"the class {class_name!r}", f"Import the one you mean: {imports}.")

    def rivals(self, entry: Entry) -> tuple[Entry, ...]:
        """Return the other entries that its short name may mean as well, because nobody has chosen."""
        key = (entry.kind, entry.name)
        owners = _sound(self.owners.get(key, ()))
        if key in self.runtime or entry not in owners or any(o.distribution == self.preferred.get(key) for o in owners):
            return ()
        return tuple(owner for owner in owners if owner != entry)

    def way_out(self, entry: Entry) -> str:
        """Return what to do about the rivals of an entry."""
        return _ways_out(entry.kind, entry.name, _sound(self.owners[entry.kind, entry.name]))

    def classes(self) -> tuple[Entry, ...]:
        """Return the well-formed entries of the kinds that models are built of."""
        return tuple(entry for entry in self.entries() if entry.kind in MODEL_KINDS and entry.problem is None)


def build_index(scan: Scan, policy: Policy) -> Index:
    """Sort what was found by name, keeping apart what the policy blocks.

    Raises:
        PluginError: The policy names a distribution that contributes nothing.
    """
    check_policy(policy, scan)
    return sort_entries(scan, policy)


def sort_entries(scan: Scan, policy: Policy) -> Index:
    """Do what `build_index` does, whatever the policy names."""
    permitted = [entry for entry in scan.entries if policy.permits(entry.distribution)]
    blocked = [entry for entry in scan.entries if not policy.permits(entry.distribution)]
    return Index(_by_name(permitted), _by_name(blocked), scan.distributions, policy, {}, {})


def _by_name(entries: Iterable[Entry]) -> dict[Key, tuple[Entry, ...]]:
    found: dict[Key, tuple[Entry, ...]] = {}
    for entry in entries:
        found[entry.kind, entry.name] = (*found.get((entry.kind, entry.name), ()), entry)
    return found


def _sound(owners: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Leave out malformed declarations: none can be meant where there is a sound one."""
    return tuple(entry for entry in owners if entry.problem is None) or owners


def _only(owners: tuple[Entry, ...], what: str, way_out: str) -> Entry | None:
    owners = _sound(owners)
    if len(owners) > 1:
        who = " and ".join(f"{entry.owner} ({entry.target})" for entry in owners)
        raise AmbiguousName(f"{what[0].upper()}{what[1:]} is registered by {who}. {way_out}")
    return owners[0] if owners else None


def _ways_out(kind: str, short: str, owners: tuple[Entry, ...]) -> str:
    names = list(dict.fromkeys(entry.qualified for entry in owners))
    if len(names) < len(owners):
        return "One distribution registers it twice: tell its author, or uninstall it."
    first = owners[0].distribution if owners else ""
    return (
        f"Write {' or '.join(map(repr, names))}, or choose once with "
        f"modelry.registry.prefer({kind!r}, {short!r}, {first!r})."
    )
