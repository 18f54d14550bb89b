"""Survey of the installed plugins and their faults, from metadata alone; no plugin is imported.

Discovery ignores unusable declarations until they are asked for; a survey reports all of them.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import attrs

from modelry.discovery.entry import HOOK_GROUPS, incompatibility, needed_modelry, noun
from modelry.discovery.index import Index, build_index, check_policy
from modelry.discovery.policy import VARIABLE, Policy, read_policy
from modelry.discovery.scan import Scan, copies, entries_of
from modelry.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelry.discovery.entry import Entry
    from modelry.discovery.scan import Distribution

BROKEN, INCOMPATIBLE, AMBIGUOUS, SHADOWED, BLOCKED = "broken", "incompatible", "ambiguous", "shadowed", "blocked"
NOTE, OK = "note", "ok"

STATUSES = (BROKEN, INCOMPATIBLE, AMBIGUOUS, SHADOWED, BLOCKED, OK)
"""Statuses of a component, the worst first."""

FAILURES = frozenset({BROKEN, INCOMPATIBLE, AMBIGUOUS})
"""Statuses of components that users may ask for and cannot use by their names."""


@attrs.frozen
class Finding:
    """A fault or a note.

    Attributes:
        status: One of `STATUSES`; or `note`, which does not change the status of its subject.
        problem: The fault, without a full stop.
        advice: The next step, a sentence.
    """

    status: str
    problem: str
    advice: str

    def __str__(self) -> str:
        return f"{self.problem.rstrip('.')}. {self.advice}"


@attrs.frozen
class Contributor:
    """An installed distribution that registers something, or requires modelry.

    Attributes:
        name: Its name in PEP 503 spelling.
        version: Its version, empty if it states none.
        place: The folder in which it is installed.
        source: The folder of its code, if it is an editable install.
        summary: Its own summary, one line.
        findings: Its faults, without those of its components.
    """

    name: str
    version: str
    place: str
    source: str | None
    summary: str
    findings: tuple[Finding, ...] = ()


@attrs.frozen
class Component:
    """One declaration of an installed distribution.

    Attributes:
        entry: The declaration.
        place: The folder in which the distribution is installed.
        findings: Its faults.
        seconds: The time its import took; None if it was not imported, or failed.
    """

    entry: Entry
    place: str
    findings: tuple[Finding, ...] = ()
    seconds: float | None = None

    @property
    def status(self) -> str:
        """One of `STATUSES`."""
        return worst(self.findings)

    @property
    def importable(self) -> bool:
        """True if importing it makes sense."""
        return self.status in (OK, AMBIGUOUS)


@attrs.frozen
class Survey:
    """Result of a survey.

    Attributes:
        components: Every declared component and hook module, sorted.
        contributors: The distributions that declare them, or require modelry, sorted.
        distributions: Every installed distribution, plugin or not.
        findings: Faults of the environment.
    """

    components: tuple[Component, ...]
    contributors: tuple[Contributor, ...]
    distributions: frozenset[str]
    findings: tuple[Finding, ...]

    def notes(self) -> list[tuple[str, Finding]]:
        """Return the findings about no component: (distribution, or an empty string for the environment; finding)."""
        notes = [("", finding) for finding in self.findings]
        return notes + [(about.name, finding) for about in self.contributors for finding in about.findings]


def worst(findings: Iterable[Finding]) -> str:
    """Return the worst status among findings; `ok` without any."""
    found = {finding.status for finding in findings}
    return next((status for status in STATUSES if status in found), OK)


def survey() -> Survey:
    """Read the metadata of the whole environment, and `MODELRY_PLUGINS`."""
    used, hidden = _sort_copies(copies())
    entries = {found.name: tuple(dict.fromkeys(entries_of(found))) for found in used.values()}
    scan = Scan(tuple(entry for declared in entries.values() for entry in declared), frozenset(used))
    policy, findings = _policy(os.environ.get(VARIABLE, ""), scan)
    index = build_index(scan, policy)
    components = [
        Component(entry, found.place, tuple(_findings(entry, index)))
        for found in used.values()
        for entry in entries[found.name]
    ]
    components += [
        Component(entry, copy.place, (_shadow(copy, used[copy.name]),))
        for copy in hidden
        for entry in dict.fromkeys(entries_of(copy))
    ]
    declaring = {component.entry.distribution for component in components}
    contributors = [
        _contributor(found, [copy for copy in hidden if copy.name == found.name], entries[found.name])
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
    """Return the distributions in use, by name, and the others of the same names."""
    used: dict[str, Distribution] = {}
    hidden = []
    seen = set()
    for distribution in found:
        folder = os.path.realpath(distribution.folder)
        if used.setdefault(distribution.name, distribution) is not distribution and folder not in seen:
            hidden.append(distribution)  # unless its folder is on the path twice
        seen.add(folder)
    return used, hidden


def _policy(variable: str, scan: Scan) -> tuple[Policy, list[Finding]]:
    policy = Policy()
    try:
        policy = read_policy(variable)
        check_policy(policy, scan)
    except PluginError as error:
        return policy, [Finding(BROKEN, str(error), f"Correct {VARIABLE}; until then nothing of modelry works.")]
    return policy, []


def _findings(entry: Entry, index: Index) -> Iterator[Finding]:
    if not index.policy.permits(entry.distribution):
        yield Finding(BLOCKED, f"{index.policy} keeps it out", f"Change {index.policy.place} to use it.")
        return
    if entry.problem is not None:
        advice = f"Correct the entry point and install {entry.distribution} again; if it is not yours, tell its author."
        yield Finding(BROKEN, entry.problem, advice)
    unfit = incompatibility(entry.distribution, entry.version)
    if unfit is not None:
        problem, _, command = unfit.rpartition(" Run: ")
        yield Finding(INCOMPATIBLE, f"{entry.owner} {problem.rstrip('.')}", f"Run: {command}")
    rivals = index.rivals(entry) if entry.problem is None and entry.kind not in HOOK_GROUPS else ()
    if rivals:
        who = " and ".join(f"{rival.owner} ({rival.target})" for rival in rivals)
        yield Finding(AMBIGUOUS, f"{who} registers the {noun(entry.kind)} {entry.name!r} too", index.way_out(entry))


def _shadow(copy: Distribution, used: Distribution) -> Finding:
    if copy.place == used.place:
        problem = f"{used.name} is recorded twice in {used.place}, and it is a matter of chance which record counts"
        advice = f"Run pip uninstall {used.name} until it finds nothing more, and install it again."
        return Finding(SHADOWED, problem, advice)
    problem = f"the {used.name} of {used.place} comes first on sys.path and hides it"
    return Finding(SHADOWED, problem, f"Uninstall the one of the two that you do not need: {copy.place} is hidden.")


def _contributor(used: Distribution, hidden: list[Distribution], entries: tuple[Entry, ...]) -> Contributor:
    # The components of a hidden copy report that it is hidden, if it has any.
    findings = [attrs.evolve(_shadow(copy, used), status=NOTE) for copy in hidden if not any(entries_of(copy))]
    findings += [] if entries else [nothing_registered(used.name)]
    source = _source(used)
    return Contributor(used.name, used.version, used.place, source, used.header("summary"), tuple(findings))


def _source(distribution: Distribution) -> str | None:
    """Return the folder of an editable install, PEP 660."""
    try:
        origin = json.loads(distribution.read("direct_url.json") or "{}")
        return url2pathname(urlsplit(origin["url"]).path) if origin["dir_info"]["editable"] else None
    except (KeyError, TypeError, ValueError, AttributeError):  # not an editable install
        return None


def nothing_registered(distribution: str) -> Finding:
    """Return the note on a distribution without entry points that requires modelry or was asked for."""
    advice = (
        "An application need not. A plugin lacks its entry points: declare them in its pyproject.toml, as in "
        '[project.entry-points."modelry.backbones"], and build and install it again.'
    )
    return Finding(NOTE, f"{distribution} registers nothing", advice)


def _requires_modelry(distribution: Distribution) -> bool:
    files = ("METADATA", "PKG-INFO", "requires.txt")
    # Most distributions never mention modelry, and searching for the word is a hundred times as fast as parsing.
    if not any("modelry" in (distribution.read(file) or "").lower() for file in files):
        return False
    return needed_modelry(distribution.name) is not None
