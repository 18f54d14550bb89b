"""`modelry lock`: write down which version of each preset is meant, and see whether it still is the newest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelry.cli.output import is_terminal, print_json, print_line, print_row, write_line
from modelry.errors import LockError, did_you_mean

if TYPE_CHECKING:
    from modelry.storage.lock import LockedPreset, LockFile

_Drift = dict[str, Any]


def lock(
    presets: Annotated[
        list[str] | None, typer.Argument(metavar="[PRESET]…", help="Built-in names, folders or URIs.")
    ] = None,
    file: Annotated[
        Path, typer.Option("--file", "-f", envvar="MODELRY_LOCK", help="The lock file.", dir_okay=False)
    ] = Path("modelry.lock"),
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing, and name what is not as it was locked; all without PRESET.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take the presets out of the file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Lock presets: write the version of each, and the size and the SHA-256 of each of its files, to a lock file.

    Other presets in the file stay as they are. `--remove` takes out also what is not there any more, named as the file
    names it. With `--check`, the exit status is 1 if a preset has changed since it was locked.
    """
    from modelry.storage.lock import LockFile, read_lock

    file = Path(os.path.expanduser(file))
    if check and remove:
        raise typer.BadParameter("--check changes nothing, and --remove does.", param_hint="--remove")
    if check:
        _report(_drift(read_lock(file), presets or []), as_json)
        return
    if not presets:
        raise typer.BadParameter(f"Name the presets to {'remove' if remove else 'lock'}.", param_hint="PRESET")
    if remove:
        _remove(read_lock(file), presets, as_json)
        return
    found = read_lock(file) if file.exists() else LockFile(file, {})
    locked = _locked(found, presets)
    LockFile(file, {**found.presets, **locked.presets}).write()
    if as_json:
        facts = {
            key: {"revision": preset.revision, "files": len(preset.files)} for key, preset in locked.presets.items()
        }
        print_json({"file": str(file), "presets": facts})
    else:
        for key, preset in locked.presets.items():
            print_row((key, preset.revision or "", f"{len(preset.files)} files"))


def _locked(file: LockFile, presets: list[str]) -> LockFile:
    """Return the presets as they are now, by the keys that they have in a file."""
    from modelry.storage.lock import LockFile, lock_preset
    from modelry.storage.open import open_unlocked, read_one_version, resolve_name
    from modelry.storage.paths import parse_reference

    keys = {file.key(resolve_name(parse_reference(preset))): preset for preset in presets}

    def locked(preset: str) -> LockedPreset:
        return read_one_version(lambda: lock_preset(open_unlocked(preset)))

    return LockFile(file.path, {key: locked(preset) for key, preset in keys.items()})


def _remove(file: LockFile, presets: list[str], as_json: bool) -> None:
    """Write the file without presets that are in it."""
    from modelry.storage.lock import LockFile

    keys = [_key_in(file, preset) for preset in presets]
    LockFile(file.path, {key: locked for key, locked in file.presets.items() if key not in keys}).write()
    if as_json:
        print_json({"file": str(file.path), "removed": keys})
    else:
        for key in keys:
            print_row((key,))


def _key_in(file: LockFile, preset: str) -> str:
    """Return how the file names a preset that is in it."""
    from modelry.storage.open import resolve_name
    from modelry.storage.paths import parse_reference

    key = preset if preset in file.presets else file.key(resolve_name(parse_reference(preset)))
    if key not in file.presets:
        raise LockError(
            f"{preset!r} is not in the lock file {str(file.path)!r}, so it cannot be taken out of it."
            f"{did_you_mean(key, file.presets)}"
        )
    return key


def _drift(file: LockFile, presets: list[str]) -> list[_Drift]:
    """Return for each preset what it was locked as, what it is now, and how they differ."""
    from modelry.storage.lock import lock_differences
    from modelry.storage.open import resolve_name
    from modelry.storage.paths import parse_reference

    for preset in presets:
        if preset in file.presets:
            file.reference(preset)
        file.find(resolve_name(parse_reference(preset)))
    now = _locked(file, presets or [file.reference(key) for key in file.presets])
    return [
        {
            "reference": key,
            "locked_revision": file.presets[key].revision,
            "revision": found.revision,
            "differences": [
                {"name": name, "difference": difference}
                for name, difference in lock_differences(file.presets[key], found)
            ],
        }
        for key, found in now.presets.items()
    ]


def _report(drift: list[_Drift], as_json: bool) -> None:
    changed = [one for one in drift if one["differences"] or one["revision"] != one["locked_revision"]]
    if as_json:
        print_json({"changed": bool(changed), "presets": drift})
    else:
        for one in changed:
            if one["revision"] != one["locked_revision"]:
                moved = f"locked at {one['locked_revision']}, now {one['revision']}"
                _print(one["reference"], "revision", moved)
            for difference in one["differences"]:
                _print(one["reference"], difference["difference"], difference["name"])
        if is_terminal():
            noun = "preset" if len(drift) == 1 else "presets"
            write_line(f"{len(drift)} {noun}, {len(changed)} changed since locked")
    if changed:
        raise typer.Exit(1)


def _print(reference: str, what: str, which: str) -> None:
    if is_terminal():
        print_line(f"{reference}: {what}: {which}", "red")
    else:
        print_row((reference, what, which))
