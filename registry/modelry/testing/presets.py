"""Presets in folders: compares them, and damages them. Imports no Keras."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from modelry.errors import ModelryError
from modelry.testing.contract import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BACKBONE_WEIGHTS, TASK_WEIGHTS = "model.weights.h5", "task.weights.h5"
REFUSAL = "a preset that cannot be used raises a ModelryError that names the file, and nothing on disk changes."


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its relative name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def differences(one: Path, other: Path) -> list[str]:
    """Return the names of the files that two folders do not share to the byte, sorted."""
    first, second = contents(one), contents(other)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


@contextlib.contextmanager
def restored(path: Path) -> Iterator[Path]:
    """Give a file its content back after the block, in which it is damaged or removed."""
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


def truncate(path: Path) -> None:
    """Cut a file in half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def edit_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a JSON file in place."""
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values), "utf-8")


def expect_refusal(load: Callable[[Path], object], folder: Path, damage: str, *names: str) -> None:
    """Fail unless loading a damaged preset raises a ModelryError that names the file, and leaves the folder alone.

    Args:
        load: Loads a folder.
        folder: The damaged preset.
        damage: A description of the damage.
        *names: Names of which the message must contain at least one.
    """
    __tracebackhide__ = True
    before = contents(folder)
    try:
        load(folder)
    except ModelryError as error:
        if not any(name in str(error) for name in names):
            fail(
                f"With {damage}, loading raises {type(error).__name__}: {error} It does not name {' or '.join(names)}.",
                REFUSAL,
                "let the errors of modelry pass, and name the file in your own.",
            )
    except Exception as error:
        fail(
            f"With {damage}, loading raises a bare {type(error).__name__}: {error}",
            REFUSAL,
            "read files with the helpers of modelry, or turn errors into a PresetFormatError.",
        )
    else:
        fail(
            f"With {damage}, loading succeeds as if nothing were wrong.",
            REFUSAL,
            "do not catch the errors of modelry, and do not fall back to random weights.",
        )
    if contents(folder) != before:
        fail(f"With {damage}, loading changes the preset's folder.", REFUSAL, "never write into a preset.")
