"""`modelry doctor`: a check of everything that the installed plugins register, with advice for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from modelry.cli.doctor.survey import BROKEN, FAILURES, NOTE, OK, STATUSES, Finding, Survey, nothing_registered, survey
from modelry.cli.output import add_row, is_terminal, new_table, print_json, print_line, print_row, print_table
from modelry.discovery.entry import normalise
from modelry.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from modelry.cli.doctor.survey import Component

_STYLES = {**dict.fromkeys(FAILURES, "red"), "shadowed": "yellow", "blocked": "dim"}


def doctor(
    distributions: Annotated[
        list[str] | None, typer.Argument(metavar="DISTRIBUTION", help="Only these; all by default.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="The limit for each import.")] = 60.0,
    no_import: Annotated[bool, typer.Option("--no-import", help="Import nothing; read metadata only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Check every component that the installed plugins register, and advise on those that do not work.

    Each is imported in another process. The exit status is 1 if one is broken, incompatible or ambiguous. When piped,
    cells are separated by tabs.
    """
    from modelry._progress import progress
    from modelry.cli.environment import environment

    with progress("Looking at what is installed") as tell:
        found = _examine(distributions or (), None if no_import else timeout, tell)
    facts = environment()
    if as_json:
        print_json(_as_json(facts, found))
    elif is_terminal():
        _print_tables(facts, found)
    else:
        for row in _lines(facts, found):
            print_row(row)
    if found.fails:
        raise typer.Exit(1)


@attrs.frozen
class _Examination:
    """Result of an examination.

    Attributes:
        components: The components, imported where that makes sense.
        notes: The findings about a distribution, or about the environment (an empty name).
    """

    components: tuple[Component, ...]
    notes: tuple[tuple[str, Finding], ...]

    def counts(self) -> dict[str, int]:
        """Return the number of components of each status, the best first."""
        statuses = [component.status for component in self.components]
        return {status: statuses.count(status) for status in (OK, *STATUSES[:-1]) if status in statuses}

    @property
    def fails(self) -> bool:
        """True if something that users may ask for does not work."""
        found = {component.status for component in self.components} | {finding.status for _, finding in self.notes}
        return bool(found & FAILURES)


def _examine(distributions: Collection[str], timeout: float | None, tell: Callable[[str], None]) -> _Examination:
    """Survey the installation, and import everything that is in use, unless `timeout` is None.

    Raises:
        InputError: One of the distributions is not installed.
    """
    try:
        found = survey()
    except Exception as error:  # of a finder that some package put on sys.meta_path
        problem = f"looking at what is installed fails with {type(error).__name__}: {error}"
        advice = "Uninstall or repair the package that hooks into the import system; --debug shows where it fails."
        return _Examination((), (("", Finding(BROKEN, problem, advice)),))
    components, notes = found.components, found.notes()
    if distributions:
        names = [_check(name, found) for name in distributions]
        components = tuple(component for component in components if component.entry.distribution in names)
        notes = [note for note in notes if note[0] in names]
        reported = {component.entry.distribution for component in components} | {about for about, _ in notes}
        notes += [(name, nothing_registered(name)) for name in names if name not in reported]
    if timeout is not None:
        from modelry.cli.doctor.trial import try_out

        components = try_out(components, timeout, tell)
    return _Examination(components, tuple(notes))


def _check(name: str, found: Survey) -> str:
    """Return the normalised name of an installed distribution."""
    if normalise(name) in found.distributions:
        return normalise(name)
    near = did_you_mean(normalise(name), (about.name for about in found.contributors))
    raise InputError(f"{name!r} is not installed.{near} `modelry plugins` lists the plugins.")


def _as_json(facts: Mapping[str, str], found: _Examination) -> dict[str, Any]:
    names = ("kind", "name", "target", "distribution", "version")
    return {
        "environment": facts,
        "components": [
            {
                **{name: getattr(component.entry, name) for name in names},
                "place": component.place,
                "status": component.status,
                "seconds": component.seconds,
                "findings": [attrs.asdict(finding) for finding in component.findings],
            }
            for component in found.components
        ],
        "notes": [{"distribution": about or None, **attrs.asdict(finding)} for about, finding in found.notes],
        "summary": {"fails": found.fails, **found.counts()},
    }


def _lines(facts: Mapping[str, str], found: _Examination) -> Iterator[tuple[str, ...]]:
    """Yield rows of kind, name, distribution, version, status, seconds, and findings."""
    for name, value in facts.items():
        yield ("environment", name, "", value, OK, "", "")
    for component in found.components:
        entry, said = component.entry, " ".join(map(str, component.findings))
        yield (entry.kind, entry.name, entry.distribution, entry.version, component.status, _seconds(component), said)
    for about, finding in found.notes:
        yield ("distribution" if about else "environment", "", about, "", finding.status, "", str(finding))


def _print_tables(facts: Mapping[str, str], found: _Examination) -> None:
    grid = new_table("", "")
    grid.show_header = False
    for row in facts.items():
        add_row(grid, row)
    print_table(grid)
    print_line()
    table = new_table("Kind", "Name", "Distribution", "Version", "Status")
    table.add_column("Import", justify="right")
    table.add_column("Notes", overflow="fold")
    for component in found.components:
        entry = component.entry
        notes = "; ".join(finding.problem for finding in component.findings if finding.status == NOTE)
        cells = (
            entry.kind,
            entry.name,
            entry.distribution,
            entry.version,
            component.status,
            _seconds(component),
            notes,
        )
        add_row(table, cells, _STYLES.get(component.status))
    print_table(table)
    for finding, concerned in _by_finding(found).items():
        print_line()
        print_line(f"{finding.status}: {', '.join(concerned)}", _STYLES.get(finding.status, "yellow"))
        print_line(str(finding))
    print_line()
    print_line(", ".join(f"{count} {status}" for status, count in found.counts().items()) or "No plugin is installed.")


def _by_finding(found: _Examination) -> dict[Finding, list[str]]:
    """Return the subjects of each finding: the components of a distribution often share one."""
    table: dict[Finding, list[str]] = {}
    for component in found.components:
        for finding in component.findings:
            table.setdefault(finding, []).append(f"{component.entry.kind} {component.entry.qualified}")
    for about, finding in found.notes:
        table.setdefault(finding, []).append(about or "environment")
    return table


def _seconds(component: Component) -> str:
    return "" if component.seconds is None else f"{component.seconds:.3f} s"
