"""`modelry show`: what a preset is, before anything of it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelry.cli.output import Row, is_terminal, print_grid, print_json, print_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def show(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="A built-in name, folder or URI.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Show what a preset is and what it needs, without loading its weights.

    When piped, each line is a name and a value, separated by a tab.
    """
    from modelry.cli.facts import facts_of
    from modelry.presets.read import read_recipe
    from modelry.storage.open import read_one_version

    facts = read_one_version(lambda: facts_of(read_recipe(preset)))
    if as_json:
        print_json(facts)
    elif is_terminal():
        print_grid(_rows(facts))
    else:
        for name, value, _ in _rows(facts):
            print_row((name, value))


def _rows(facts: Mapping[str, Any]) -> Iterator[Row]:
    """Yield every fact that the preset has as a row; several values have a row each."""
    for name in ("reference", "format", "architecture"):
        yield name, facts[name], False
    for component in facts["components"]:
        yield component_row(component)
    yield from task_rows(facts["task"])
    for name in ("sequence_length", "dtype"):
        if facts[name] is not None:
            yield name.replace("_", " "), str(facts[name]), False
    for name, value in facts["backbone"].items():
        yield "backbone config", f"{name}={value}", False
    for requirement in facts["requires"]:
        yield "requires", requirement["problem"] or requirement["requirement"], requirement["problem"] is not None
    for weights in facts["weights"]:
        if not weights["found"]:
            yield "weights", f"{weights['name']} is missing", True
    if facts["keras_hub"] is not None:
        yield "KerasHub", "can read it" if facts["keras_hub"] else "cannot read it", False
    for file in facts["files"]:
        yield "files", f"{file['name']}  {byte_count(file['size'])}".rstrip(), False
    for line in facts["card"] or ():
        yield "model card", line, False


def task_rows(task: Mapping[str, Any] | None) -> Iterator[Row]:
    """Yield the facts about the preset's task that are known; a list is one row."""
    for name, value in (task or {}).items():
        if value is not None and name != "name":
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield name.replace("_", " "), shown, False


def component_row(component: Mapping[str, Any]) -> Row:
    """Return the row of a part of a preset."""
    kind = component["kind"].removesuffix("s")
    if component["problem"] is not None:
        return kind, f"{component['name']}: {component['problem']}", True
    owner = f"{component['distribution']} {component['version']}".rstrip()
    return kind, f"{component['name']}  {component['target']}  ({owner})", False


def byte_count(size: int | None) -> str:
    """Return `17.7 MB` for 17,701,234, and nothing for what is not known."""
    if size is None:
        return ""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
