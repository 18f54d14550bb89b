"""`modelry doctor`: whether everything that is installed works, and what to do about what does not."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from modelry.cli.output import add_row, is_terminal, new_table, print_json, print_line, print_row, print_table
from modelry.discovery.findings import FAILURES, NOTE, OK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.cli.examine import Examination
    from modelry.discovery.findings import Finding

_STYLES = {**dict.fromkeys(FAILURES, "red"), "shadowed": "yellow", "blocked": "dim"}


def doctor(
    distributions: Annotated[
        list[str] | None, typer.Argument(metavar="DISTRIBUTION", help="Only these; all by default.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="The limit for each import.")] = 60.0,
    no_import: Annotated[bool, typer.Option("--no-import", help="Import nothing; read metadata only.")] = False,
    locked: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Check against a lock of plugins, and import only what is as locked."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Check every component that the installed plugins register, and say what to do about those that do not work.

    Each is imported in another process. The exit status is 1 if one is broken, incompatible, ambiguous, or not as it
    was locked by `modelry plugins --lock`. When piped, cells are separated by tabs.
    """
    from modelry._progress import progress
    from modelry.cli.environment import environment
    from modelry.cli.examine import examine

    with progress("Looking at what is installed") as tell:
        found = examine(distributions or (), None if no_import else timeout, locked, tell)
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


def _as_json(facts: Mapping[str, str], found: Examination) -> dict[str, Any]:
    names = ("kind", "name", "target", "distribution", "version")
    return {
        "environment": facts,
        "components": [
            {
                **{name: getattr(component.entry, name) for name in names},
                "place": component.place,
                "status": component.status,
                "seconds": found.seconds.get(component),
                "findings": [attrs.asdict(finding) for finding in component.findings],
            }
            for component in found.components
        ],
        "notes": [{"distribution": about or None, **attrs.asdict(finding)} for about, finding in found.notes],
        "summary": {"fails": found.fails, **found.counts()},
    }


def _lines(facts: Mapping[str, str], found: Examination) -> Iterator[tuple[str, ...]]:
    """Yield rows of kind, name, distribution, version, status, seconds, and what is to be said."""
    for name, value in facts.items():
        yield ("environment", name, "", value, OK, "", "")
    for component in found.components:
        entry = component.entry
        seconds = _seconds(found.seconds.get(component))
        said = " ".join(_sentence(finding) for finding in component.findings)
        yield (entry.kind, entry.name, entry.distribution, entry.version, component.status, seconds, said)
    for about, finding in found.notes:
        yield ("distribution" if about else "environment", "", about, "", finding.status, "", _sentence(finding))


def _print_tables(facts: Mapping[str, str], found: Examination) -> None:
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
        entry, seconds = component.entry, _seconds(found.seconds.get(component))
        notes = "; ".join(finding.problem for finding in component.findings if finding.status == NOTE)
        cells = (entry.kind, entry.name, entry.distribution, entry.version, component.status, seconds, notes)
        add_row(table, cells, _STYLES.get(component.status))
    print_table(table)
    for finding, concerned in _by_finding(found).items():
        print_line()
        print_line(f"{finding.status}: {', '.join(concerned)}", _STYLES.get(finding.status, "yellow"))
        print_line(_sentence(finding))
    print_line()
    print_line(", ".join(f"{count} {status}" for status, count in found.counts().items()) or "No plugin is installed.")


def _by_finding(found: Examination) -> dict[Finding, list[str]]:
    """Return what was found, with what it was found of: a distribution's components often share a problem."""
    table: dict[Finding, list[str]] = {}
    for component in found.components:
        for finding in component.findings:
            table.setdefault(finding, []).append(f"{component.entry.kind} {component.entry.qualified}")
    for about, finding in found.notes:
        table.setdefault(finding, []).append(about or "environment")
    return table


def _sentence(finding: Finding) -> str:
    return f"{finding.problem.rstrip('.')}. {finding.advice}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f} s"
