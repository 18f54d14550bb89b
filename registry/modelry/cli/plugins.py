"""`modelry plugins`: the distributions that contribute, and their components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from modelry.cli.doctor.survey import FAILURES, Survey, survey, worst
from modelry.cli.output import add_row, is_terminal, new_table, print_json, print_row, print_table
from modelry.discovery.entry import HOOK_GROUPS, KINDS, PREFIX, noun

if TYPE_CHECKING:
    from modelry.cli.doctor.survey import Contributor, Finding


@attrs.frozen
class Plugin:
    """A distribution, with the number of components of each kind that it registers."""

    about: Contributor
    brings: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def status(self) -> str:
        """The worst status of its components."""
        return worst(self.findings)


def plugins(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the installed distributions that contribute to modelry, and their components, without importing any.

    `modelry doctor` says more about those that do not work. When piped, cells are separated by tabs.
    """
    found = plugins_of(survey())
    if as_json:
        print_json([_as_json(plugin) for plugin in found])
    elif not is_terminal():
        for plugin in found:
            about = plugin.about
            editable = "editable" if about.source else ""
            cells = (about.name, about.version, plugin.status, _brings(plugin), _place(about), editable, about.summary)
            print_row(cells)
    else:
        table = new_table("Distribution", "Version", "Status", "Brings", "Where")
        for plugin in found:
            about = plugin.about
            place = f"{_place(about)}{' (editable)' if about.source else ''}"
            style = "red" if plugin.status in FAILURES else None
            add_row(table, (about.name, about.version, plugin.status, _brings(plugin), place), style)
            if about.summary:
                add_row(table, ("", "", "", about.summary), "dim")
        print_table(table)


def plugins_of(found: Survey) -> list[Plugin]:
    """Sort a survey by distribution."""
    plugins = []
    for about in found.contributors:
        own = [component for component in found.components if component.entry.distribution == about.name]
        kinds = [component.entry.kind for component in own if component.place == about.place]
        brings = {kind: kinds.count(kind) for kind in (*KINDS, *sorted(set(kinds) - {*KINDS})) if kind in kinds}
        findings = (*(finding for component in own for finding in component.findings), *about.findings)
        plugins.append(Plugin(about, brings, tuple(dict.fromkeys(findings))))
    return plugins


def _as_json(plugin: Plugin) -> dict[str, Any]:
    facts = attrs.asdict(plugin.about, filter=lambda attribute, _: attribute.name != "findings")
    findings = [attrs.asdict(finding) for finding in plugin.findings]
    return {**facts, "brings": plugin.brings, "status": plugin.status, "findings": findings}


def _brings(plugin: Plugin) -> str:
    """Return `2 backbones, 1 hook module`."""
    words = {**{kind: noun(kind) for kind in KINDS}, "tasks": "task class", **dict.fromkeys(HOOK_GROUPS, "hook module")}
    counts: dict[str, int] = {}
    for kind, count in plugin.brings.items():
        word = words.get(kind, f"entry of {PREFIX}{kind}")
        counts[word] = counts.get(word, 0) + count
    return ", ".join(f"{count} {word if count == 1 else _many(word)}" for word, count in counts.items()) or "nothing"


def _many(word: str) -> str:
    return word.replace("entry", "entries") if word.startswith("entry ") else f"{word}s".replace("ss", "sses")


def _place(about: Contributor) -> str:
    return about.source or about.place
