"""Rooms import one another in one direction only, and only some of them import Keras."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import modelry

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(modelry.__file__).parent

FLOORS = {
    "errors": 0,
    "_atomic": 0,
    "_lazy": 1,
    "_prefetch": 0,
    "_progress": 0,
    "_version": 0,
    "_backend": 1,
    "arguments": 1,
    "strict_json": 1,
    "tables": 1,
    "discovery": 2,
    "plugin": 3,
    "scaffold": 3,
    "storage": 3,
    "checkpoints": 4,
    "presets": 5,
    "weights": 6,
    "data": 7,
    "tokenizers": 7,
    "preprocessing": 8,
    "runtime": 7,
    "layers": 7,
    "backbones": 9,
    "tasks.base": 10,
    "tasks": 11,
    "tasks.text_classifier": 11,
    "models": 12,
    "testing": 13,
    "cli": 14,
    "__main__": 15,
}
"""A room may import from the floors below its own; two rooms of one floor do not know each other."""

KERAS_ROOMS = {"weights", "data", "tokenizers", "preprocessing", "layers", "runtime", "backbones", "tasks", "testing"}
KERAS = {"keras", "keras_hub", "jax", "torch", "tensorflow"}
HEAVY = {*KERAS, "fsspec", "huggingface_hub", "kagglehub"}


def room_of(file: Path) -> str:
    """Return the room of a source file: the first part of its path, two parts for a task; `__init__` for the façade.

    The command and the contracts of a task belong to the rooms `cli` and `testing`, though they are kept with the task.
    """
    return _room(file.relative_to(ROOT).with_suffix("").parts)


MEASURING = ROOT / "cli/measuring.py"  # for `modelry bench`, which times the import of Keras


def _room(parts: tuple[str, ...]) -> str:
    if parts[0] == "tasks" and parts[2:3] == ("command",):
        return "cli"
    if parts[0] == "tasks" and parts[2:] and parts[2].startswith("testing"):
        return "testing"
    if parts[0] == "tasks" and parts[1:2] != ("__init__",):
        return ".".join(parts[:2])
    return parts[0]


def imports_of(source: str, package: str) -> set[str]:
    """Return the absolute dotted names that `source`, a module in `package`, imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{name.name}" for name in node.names}
    return found


def _public_names() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the names at the top, each with the parts of the path of its module."""
    for node in ast.parse((ROOT / "__init__.pyi").read_text()).body:
        if isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield name.name, tuple((node.module or name.name).split("."))


TOP = dict(_public_names())


def rooms_imported(imports: set[str]) -> set[str]:
    """Return the rooms that imports lead to, through the façade too."""
    found = set()
    for name in imports:
        parts = name.split(".")
        if parts[0] != "modelry":
            continue
        found.add(_room(TOP.get(parts[1], tuple(parts[1:])) if len(parts) > 1 else ("__init__",)))
    return found


FILES = [file for file in sorted(ROOT.rglob("*.py")) if room_of(file) != "__init__"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_room_imports_only_what_lies_below(file):
    room = room_of(file)
    assert room in FLOORS, f"say on which floor {room} is"
    package = ".".join(("modelry", *file.relative_to(ROOT).parent.parts))
    imports = imports_of(file.read_text(), package)
    known = rooms_imported(imports)
    assert {other for other in known if other != room and FLOORS.get(other, 99) >= FLOORS[room]} == set()
    if room.partition(".")[0] not in KERAS_ROOMS and file != MEASURING:
        assert {name.partition(".")[0] for name in imports} & KERAS == set()


def test_the_facade_imports_nothing_that_costs():
    tree = ast.parse((ROOT / "__init__.py").read_text())
    assert rooms_imported(imports_of(ast.unparse(tree), "modelry")) == {"_backend", "_lazy", "errors", "models"}


def test_the_hubs_are_imported_inside_storage_alone():
    for file in FILES:
        if room_of(file) not in {"storage", "cli", "testing"}:
            package = ".".join(("modelry", *file.relative_to(ROOT).parent.parts))
            roots = {name.partition(".")[0] for name in imports_of(file.read_text(), package)}
            assert roots & (HEAVY - KERAS) == set(), file


@pytest.mark.parametrize(
    ("source", "rooms"),
    [
        ("import modelry.tasks.base.head", {"tasks.base"}),
        ("def f():\n    from modelry import Task", {"tasks.base"}),
        ("from modelry import registry, errors", {"discovery", "errors"}),
        ("from .. import presets", {"presets"}),
        ("from ..presets.read import x", {"presets"}),
        ("from . import uri", {"storage"}),
        ("import modelry", {"__init__"}),
        ("from modelry.tasks.text_classifier import task", {"tasks.text_classifier"}),
        ("from modelry.tasks.text_classifier.command import classify", {"cli"}),
        ("import keras, attrs", set()),
    ],
)
def test_this_test_sees_every_way_to_import(source, rooms):
    assert rooms_imported(imports_of(source, "modelry.storage")) == rooms
