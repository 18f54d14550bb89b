"""`modelry verify`: whether every file of a preset is what it should be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelry.cli.output import add_row, is_terminal, new_table, print_json, print_line, print_row, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.presets.verify import Checked


def verify(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="A built-in name, folder or URI.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail also where nothing tells what a file must be.")
    ] = False,
    key: Annotated[
        str | None, typer.Option("--key", metavar="FILE", help="The public key with which it must be signed.")
    ] = None,
    deadline: Annotated[
        float | None, typer.Option("--deadline", metavar="SECONDS", help="How long the store may take for each file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Hash every file of a preset, and name those that are damaged, missing or unexpected.

    Files of a remote preset that are not here are fetched. The exit status is 1 if a file is wrong or cannot be had, or
    nothing says what any of them must be. With `--key`, the preset must be signed with that key. When piped, cells are
    separated by tabs: status, file, what there is to say. A store that has not done with a file in time, by default 15
    minutes and more for large ones, is asked for no other.
    """
    from modelry.presets.verify import STATUSES, passes
    from modelry.presets.verify import verify as check
    from modelry.storage.open import open_preset, read_one_version
    from modelry.storage.options import OpenOptions
    from modelry.storage.views import SignedFiles

    def checked() -> tuple[str, list[Checked]]:
        files = open_preset(preset, OpenOptions(deadline=deadline))
        if key is not None:
            SignedFiles(files, Path(key).expanduser())
        return files.reference, list(check(files, signed=key is not None))

    reference, found = read_one_version(checked)
    right = passes(found, strict)
    counts = {status: sum(one.status == status for one in found) for status in STATUSES}
    if as_json:
        rows = [{"name": one.name, "status": one.status, "problem": one.problem} for one in found]
        print_json({"reference": reference, "right": right, "summary": counts, "files": rows})
    elif is_terminal():
        _print_table(found)
        said = [f"{count} {status}" for status, count in counts.items() if count]
        print_line(", ".join(said) or "no files", "" if right else "red")
    else:
        for one in found:
            print_row((one.status, one.name, one.problem or ""))
    if not right:
        raise typer.Exit(1)


def _print_table(found: Sequence[Checked]) -> None:
    table = new_table("Status", "File", "")
    for one in found:
        style = {"ok": None, "unchecked": "yellow"}.get(one.status, "red")
        add_row(table, (one.status, one.name, one.problem or ""), style)
    print_table(table)
