"""`modelry cache`: what was fetched from remote stores, whether it is still right, and what of it can go."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelry.cli.output import (
    add_row,
    is_terminal,
    new_table,
    print_json,
    print_row,
    print_table,
    print_warning,
    write_line,
)
from modelry.cli.show import byte_count

if TYPE_CHECKING:
    from modelry.storage.cache.upkeep import Entry

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

app = typer.Typer(help="Look after the files that were fetched from remote stores.", no_args_is_help=True)


def _bytes(size: str | None) -> int | None:
    if size is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKMGT]?B?)", size.strip())
    if found is None or found[2].upper() not in _UNITS:
        raise typer.BadParameter(f"{size!r} is not a size. Write one such as 500MB or 20GB.")
    return int(float(found[1]) * _UNITS[found[2].upper()])


@app.command("ls")
def ls(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False) -> None:
    """List the presets in the cache, the one that was opened last first.

    When piped, cells are separated by tabs.
    """
    from modelry.storage.cache.layout import cache_layers
    from modelry.storage.cache.upkeep import entries

    found = [(str(layer.root.parent), entry) for layer in cache_layers(None) for entry in entries(layer)]
    if as_json:
        print_json([_as_json(folder, entry) for folder, entry in found])
    elif is_terminal():
        table = new_table("Preset", "Revision", "Files", "Size", "Opened", "Folder")
        for folder, entry in found:
            add_row(table, (*_cells(entry), folder))
        print_table(table)
    else:
        for folder, entry in found:
            print_row((*_cells(entry), folder))


@app.command("verify")
def verify() -> None:
    """Hash every file in the cache, and remove those that are not what was fetched.

    They are fetched again when they are needed. The exit status is 1 if there were any.
    """
    from modelry.storage.cache.layout import cache_layers
    from modelry.storage.cache.upkeep import damaged, entries

    own = cache_layers(None)[0]
    names = {digest: entry.ref.uri for entry in entries(own) for digest in entry.blobs}
    outcomes = list(damaged(own))
    wrong = [digest for digest, right in outcomes if not right]
    for digest in wrong:
        print_warning(f"A file of {names.get(digest, 'no preset')} was damaged, and is removed: {digest}")
    write_line(f"{len(outcomes)} files, {len(wrong)} damaged")
    if wrong:
        raise typer.Exit(1)


@app.command("prune")
def prune(
    max_size: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Also remove the presets that were opened longest ago, beyond this size."),
    ] = None,
) -> None:
    """Remove what is of no use any more: half-fetched files, and older versions of presets.

    What was fetched or opened within the last hour stays.
    """
    from modelry.storage.cache.layout import cache_layers
    from modelry.storage.cache.upkeep import prune as remove

    limit = _bytes(max_size)
    write_line(f"{byte_count(remove(cache_layers(None)[0], limit))} removed")


@app.command("path")
def path() -> None:
    """Print the folders of the cache; the first is written to, others are only read."""
    from modelry.storage.cache.layout import cache_layers

    for layer in cache_layers(None):
        write_line(str(layer.root.parent))


def _cells(entry: Entry) -> tuple[str, ...]:
    opened = datetime.datetime.fromtimestamp(entry.used).astimezone().isoformat(" ", "minutes")
    return (
        entry.ref.uri,
        entry.ref.revision or "",
        f"{len(entry.blobs)} of {entry.files}",
        byte_count(entry.size),
        opened,
    )


def _as_json(folder: str, entry: Entry) -> dict[str, Any]:
    return {
        "uri": entry.ref.uri,
        "revision": entry.ref.revision,
        "files": entry.files,
        "files_here": len(entry.blobs),
        "size": entry.size,
        "opened": datetime.datetime.fromtimestamp(entry.used, datetime.UTC).isoformat(),
        "folder": folder,
        "snapshot": entry.ref.snapshot_id,
    }
