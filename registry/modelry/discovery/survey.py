"""A look at everything installed that has to do with modelry, and at what is wrong with it. Imports no plugin.

Discovery passes over what cannot be used, and says why when it is asked for. A survey asks for all of it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import attrs

from modelry.discovery.compatibility import needed_modelry, refusal
from modelry.discovery.contributor import Contributor, contributor, place_of
from modelry.discovery.distributions import copies
from modelry.discovery.findings import AMBIGUOUS, BLOCKED, BROKEN, INCOMPATIBLE, NOTE, OK, SHADOWED, Finding, worst
from modelry.discovery.index import Index, sort_entries
from modelry.discovery.names import HOOK_GROUPS, noun
from modelry.discovery.policy import VARIABLE, Policy, check_policy, read_policy
from modelry.discovery.scan import Scan, entries_of
from modelry.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelry.discovery.distributions import Distribution
    from modelry.discovery.entry import Entry


@attrs.frozen
class Component:
    """One declaration of an installed distribution.

    Attributes:
        entry: What it declares.
        place: The folder in which the distribution is installed.
        findings: What is wrong with it.
    """

    entry: Entry
    place: str
    findings: tuple[Finding, ...] = ()

    @property
    def status(self) -> str:
        """One of `findings.STATUSES`."""
        return worst(self.findings)

    @property
    def importable(self) -> bool:
        """Whether it makes sense to import it."""
        return self.status in (OK, AMBIGUOUS)


@attrs.frozen
class Survey:
    """What a look at the installation found.

    Attributes:
        components: Every declared component and hook module, sorted.
        contributors: The distributions that declare them, or require modelry, sorted.
        distributions: Every installed distribution, plugin or not.
        findings: What is wrong with none of them but with the environment.
    """

    components: tuple[Component, ...]
    contributors: tuple[Contributor, ...]
    distributions: frozenset[str]
    findings: tuple[Finding, ...]


def survey() -> Survey:
    """Look at the whole environment, and at `MODELRY_PLUGINS`."""
    used, hidden = _sort_copies(copies())
    entries = {found.name: tuple(dict.fromkeys(entries_of(found))) for found in used.values()}
    scan = Scan(tuple(entry for declared in entries.values() for entry in declared), frozenset(used))
    policy, findings = _policy(os.environ.get(VARIABLE, ""), scan)
    index = sort_entries(scan, policy)
    components = [
        Component(entry, place_of(found), tuple(_findings(entry, index)))
        for found in used.values()
        for entry in entries[found.name]
    ]
    components += [
        Component(entry, place_of(copy), (_shadow(copy, used[copy.name]),))
        for copy in hidden
        for entry in dict.fromkeys(entries_of(copy))
    ]
    declaring = {component.entry.distribution for component in components}
    contributors = [
        contributor(found, _about(found, [copy for copy in hidden if copy.name == found.name], entries[found.name]))
        for found in used.values()
        if found.name in declaring or _requires_modelry(found)
    ]
    return Survey(
        tuple(sorted(components, key=_order)),
        tuple(sorted(contributors, key=lambda found: found.name)),
        scan.distributions,
        tuple(findings),
    )


def _order(component: Component) -> tuple[str, ...]:
    entry = component.entry
    return (entry.kind, entry.name, entry.distribution, entry.target, component.status)


def _sort_copies(found: Iterable[Distribution]) -> tuple[dict[str, Distribution], list[Distribution]]:
    """Return the distributions that count, by name, and the others of the same names."""
    used: dict[str, Distribution] = {}
    hidden = []
    seen = set()
    for distribution in found:
        folder = os.path.realpath(distribution.folder)
        if used.setdefault(distribution.name, distribution) is not distribution and folder not in seen:
            hidden.append(distribution)  # and no folder that is on the path twice
        seen.add(folder)
    return used, hidden


def _policy(variable: str, scan: Scan) -> tuple[Policy, list[Finding]]:
    advice = f"Correct {VARIABLE}; until then nothing of modelry works."
    try:
        policy = read_policy(variable)
    except PluginError as error:
        return Policy(), [Finding(BROKEN, str(error), advice)]
    try:
        check_policy(policy, scan)
    except PluginError as error:
        return policy, [Finding(BROKEN, str(error), advice)]
    return policy, []


def _findings(entry: Entry, index: Index) -> Iterator[Finding]:
    if not index.policy.permits(entry.distribution):
        yield Finding(BLOCKED, f"{index.policy} keeps it out", f"Change {index.policy.place} to use it.")
        return
    if entry.problem is not None:
        advice = f"Correct the entry point and install {entry.distribution} again; if it is not yours, tell its author."
        yield Finding(BROKEN, entry.problem, advice)
    unfit = refusal(entry.distribution, entry.version)
    if unfit is not None:
        problem, _, command = unfit.rpartition(" Run: ")
        yield Finding(INCOMPATIBLE, f"{entry.owner} {problem.rstrip('.')}", f"Run: {command}")
    rivals = index.rivals(entry) if entry.problem is None and entry.kind not in HOOK_GROUPS else ()
    if rivals:
        who = " and ".join(f"{rival.owner} ({rival.target})" for rival in rivals)
        yield Finding(AMBIGUOUS, f"{who} registers the {noun(entry.kind)} {entry.name!r} too", index.way_out(entry))


def _shadow(copy: Distribution, used: Distribution) -> Finding:
    if place_of(copy) == place_of(used):
        problem = f"{used.name} is recorded twice in {place_of(used)}, and which of the two counts is chance"
        advice = f"Run pip uninstall {used.name} until it finds nothing more, and install it again."
        return Finding(SHADOWED, problem, advice)
    problem = f"the {used.name} of {place_of(used)} comes first on sys.path and hides it"
    return Finding(SHADOWED, problem, f"Uninstall the one of the two that you do not need: {place_of(copy)} is hidden.")


def _about(used: Distribution, hidden: list[Distribution], entries: tuple[Entry, ...]) -> Iterator[Finding]:
    """Yield what there is to say of a distribution and of none of its components."""
    for copy in hidden:
        if not any(entries_of(copy)):  # else its components tell
            yield attrs.evolve(_shadow(copy, used), status=NOTE)
    if not entries:
        yield nothing_registered(used.name)


def nothing_registered(distribution: str) -> Finding:
    """Return the note on a distribution that has to do with modelry and contributes nothing."""
    advice = (
        "An application need not. A plugin lacks its entry points: declare them in its pyproject.toml, as in "
        '[project.entry-points."modelry.backbones"], and build and install it again.'
    )
    return Finding(NOTE, f"{distribution} registers nothing", advice)


def _requires_modelry(distribution: Distribution) -> bool:
    files = ("METADATA", "PKG-INFO", "requires.txt")
    # Most have nothing to do with modelry, and finding out by the word is a hundred times as fast.
    if not any("modelry" in (distribution.read(file) or "").lower() for file in files):
        return False
    return needed_modelry(distribution.name) is not None
