"""All that `modelry doctor` finds out: what a survey says, and what importing each component does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from modelry.cli.trial import try_out
from modelry.discovery.findings import BROKEN, CHANGED, FAILURES, NOTE, OK, STATUSES, Finding
from modelry.discovery.lock_check import lock_findings
from modelry.discovery.names import normalise
from modelry.discovery.plugin_lock import read_plugin_lock
from modelry.discovery.survey import Survey, nothing_registered, survey
from modelry.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from modelry.cli.trial import Outcome
    from modelry.discovery.survey import Component


@attrs.frozen
class Examination:
    """What there is, and what is wrong with it.

    Attributes:
        components: Every component, with what was found on importing it.
        seconds: How long importing took, for those that could be imported.
        notes: What was found of a distribution, or of the environment (an empty name), rather than of a component.
    """

    components: tuple[Component, ...]
    seconds: dict[Component, float]
    notes: tuple[tuple[str, Finding], ...]

    def counts(self) -> dict[str, int]:
        """Return how many components have each status, the best first."""
        statuses = [component.status for component in self.components]
        return {status: statuses.count(status) for status in (OK, *STATUSES[:-1]) if status in statuses}

    @property
    def fails(self) -> bool:
        """Whether something that users may ask for does not work."""
        found = {component.status for component in self.components} | {finding.status for _, finding in self.notes}
        return bool(found & FAILURES)


def examine(
    distributions: Collection[str], timeout: float | None, lock: Path | None, tell: Callable[[str], None]
) -> Examination:
    """Look at the installation, and import what is in use and as it was locked.

    Args:
        distributions: Only these; all if there are none.
        timeout: Seconds for each import; `None` to import nothing.
        lock: The lock of plugins to hold the installation against.
        tell: Called with what is being done.

    Raises:
        InputError: One of the distributions is not installed.
        PluginError: The lock cannot be used.
    """
    locked = {} if lock is None else read_plugin_lock(lock)
    try:
        found = survey()
    except Exception as error:  # of a finder that some package put on sys.meta_path
        problem = f"looking at what is installed fails with {type(error).__name__}: {error}"
        advice = "Uninstall or mend what hooks into the import system; --debug shows where it fails."
        return Examination((), {}, (("", Finding(BROKEN, problem, advice)),))
    drift = [] if lock is None else list(lock_findings(locked, found, str(lock)))
    components, notes = _not_as_locked(found.components, drift), _notes(found)
    told = {component.entry.distribution for component in components if component.status == CHANGED}
    notes += [(name, finding) for name, finding in drift if finding.status == NOTE or name not in told]
    if distributions:
        names = [_check(name, found) for name in distributions]
        components = tuple(component for component in components if component.entry.distribution in names)
        notes = [note for note in notes if note[0] in names] + list(_silent(names, components, notes))
    outcomes = {} if timeout is None else try_out((c.entry for c in components if c.importable), timeout, tell)
    tried = {component: outcomes[component.entry] for component in components if component.importable and outcomes}
    examined = {component: _with(component, tried.get(component)) for component in components}
    seconds = {examined[one]: outcome.seconds for one, outcome in tried.items() if outcome.seconds is not None}
    return Examination(tuple(examined.values()), seconds, tuple(notes))


def _not_as_locked(components: Iterable[Component], drift: Iterable[tuple[str, Finding]]) -> tuple[Component, ...]:
    """Add what has changed of a distribution to each of its components, which thus are not imported."""
    changed: dict[str, list[Finding]] = {}
    for name, finding in drift:
        if finding.status == CHANGED:
            changed.setdefault(name, []).append(finding)
    return tuple(
        attrs.evolve(component, findings=(*component.findings, *changed.get(component.entry.distribution, ())))
        for component in components
    )


def _with(component: Component, outcome: Outcome | None) -> Component:
    """Add what came of importing a component to what is known of it."""
    return attrs.evolve(component, findings=(*component.findings, *outcome.findings)) if outcome else component


def _notes(found: Survey) -> list[tuple[str, Finding]]:
    notes = [("", finding) for finding in found.findings]
    return notes + [(about.name, finding) for about in found.contributors for finding in about.findings]


def _check(name: str, found: Survey) -> str:
    """Return the one spelling of an installed distribution's name."""
    if normalise(name) in found.distributions:
        return normalise(name)
    near = did_you_mean(normalise(name), (about.name for about in found.contributors))
    raise InputError(f"{name!r} is not installed.{near} `modelry plugins` shows what contributes here.")


def _silent(
    names: Iterable[str], components: Iterable[Component], notes: Iterable[tuple[str, Finding]]
) -> Iterable[tuple[str, Finding]]:
    """Yield a note on each distribution of which there would be nothing to say."""
    told = {component.entry.distribution for component in components} | {about for about, _ in notes}
    return [(name, nothing_registered(name)) for name in names if name not in told]
