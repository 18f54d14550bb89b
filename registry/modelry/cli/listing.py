"""`modelry list`: the registered components, from metadata alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelry.cli.output import add_row, is_terminal, new_table, print_json, print_row, print_table
from modelry.discovery.entry import HOOK_GROUPS, KINDS
from modelry.discovery.registry import registry
from modelry.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelry.discovery.entry import Entry
    from modelry.discovery.hook_values import BuiltinPreset

PRESETS = "presets"
_CHOICES = (*KINDS, *HOOK_GROUPS, PRESETS)


def _check_kind(kind: str | None) -> str | None:
    if kind is not None and kind not in _CHOICES:
        raise typer.BadParameter(f"{kind!r} is not one.{did_you_mean(kind, _CHOICES)} There are {', '.join(_CHOICES)}.")
    return kind


def list_components(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help=f"Only this kind: {', '.join(_CHOICES[:-1])}; or `presets`, the built-in ones.",
            callback=_check_kind,
            autocompletion=lambda: list(_CHOICES),
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the components that the installed plugins register, by plugin, without importing any of them.

    With KIND, list the components of one kind with their targets; with KIND `presets`, the built-in presets. When
    piped, there is one component a line, and cells are separated by tabs.
    """
    if kind == PRESETS:
        _print_presets(registry.presets().items(), as_json)
    else:
        _print_entries(registry.entries(kind), as_json, by_plugin=kind is None)


def _print_entries(entries: tuple[Entry, ...], as_json: bool, by_plugin: bool) -> None:
    if as_json:
        print_json([_entry_facts(entry) for entry in entries])
    elif not is_terminal():
        for entry in entries:
            print_row((entry.kind, entry.name, entry.target, entry.distribution, entry.version, entry.problem or ""))
    elif by_plugin:
        _print_by_plugin(entries)
    else:
        table = new_table("Kind", "Name", "Target", "Distribution", "Version")
        before = None
        for entry in entries:
            kind = "" if entry.kind == before else entry.kind
            before = entry.kind
            add_row(table, (kind, entry.name, entry.target, entry.distribution, entry.version))
            if entry.problem is not None:
                add_row(table, ("", "", f"broken: {entry.problem}"), style="red")
        print_table(table)


def _print_by_plugin(entries: Iterable[Entry]) -> None:
    """Print a block for each distribution, in which names that are registered for the same kinds share a line."""
    plugins: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        plugins.setdefault((entry.distribution, entry.version), []).append(entry)
    table = new_table("Plugin", "Version", "Kinds", "Names")
    for plugin, found in sorted(plugins.items()):
        title = plugin
        kinds: dict[str, dict[str, None]] = {}
        for entry in found:
            if entry.problem is None:
                kinds.setdefault(entry.name, {})[entry.kind] = None
        names: dict[str, list[str]] = {}
        for name, own in kinds.items():
            names.setdefault(", ".join(own), []).append(name)
        for shared_kinds, shared in names.items():
            add_row(table, (*title, shared_kinds, ", ".join(shared)))
            title = ("", "")
        for entry in found:
            if entry.problem is not None:
                add_row(table, (*title, entry.kind, f"{entry.name} (broken: {entry.problem})"), style="red")
                title = ("", "")
    print_table(table)


def _entry_facts(entry: Entry) -> dict[str, Any]:
    names = ("kind", "name", "target", "distribution", "version", "problem")
    return {name: getattr(entry, name) for name in names}


def _print_presets(presets: Iterable[tuple[str, BuiltinPreset]], as_json: bool) -> None:
    if as_json:
        names = ("architecture", "parameters", "reference", "description")
        print_json([{"name": name, **{key: getattr(preset, key) for key in names}} for name, preset in presets])
    elif not is_terminal():
        for name, preset in presets:
            parameters = "" if preset.parameters is None else str(preset.parameters)
            print_row((name, preset.architecture, parameters, preset.reference, preset.description))
    else:
        table = new_table("Name", "Architecture")
        table.add_column("Parameters", justify="right")
        table.add_column("Where", overflow="fold")
        for name, preset in presets:
            add_row(table, (name, preset.architecture, short_count(preset.parameters), preset.reference))
            if preset.description:
                add_row(table, ("", "", "", preset.description), style="dim")
        print_table(table)


def short_count(number: int | None) -> str:
    """Return `109 M` for 109,482,240, `4.4 M` for 4,385,920, and nothing for what is not known."""
    if number is None:
        return ""
    for unit, size in (("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            scaled = number / size
            return f"{scaled:.1f} {unit}" if scaled < 9.95 else f"{scaled:,.0f} {unit}"
    return str(number)
