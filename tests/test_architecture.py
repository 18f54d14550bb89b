"""The core stays small: few modules, short functions, no import cycles, and no word of one task outside its package."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import modelry

ROOT = Path(modelry.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MOST_MODULES, MOST_LINES, LONGEST_BODY = 240, 400, 60
WORDS = re.compile(r"num_classes|problem_type|SequenceClassification|text_classifier")


def by_path(file: Path) -> str:
    return str(file.relative_to(ROOT))


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST, known: set[str], package: str = "") -> set[str]:
    """Return the known modules that a module imports, anywhere in it and for type checkers too.

    Args:
        tree: The module's syntax tree.
        known: The names of the modules of interest.
        package: The package whose stub the module is, if it is one; only stubs have relative imports.
    """
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == bool(package), "imports are absolute, and those of stubs are relative"
            parent = ".".join(part for part in (package, node.module) if part)
            for name in node.names:
                module = f"{parent}.{name.name}"
                found.add(module if module in known else parent)
    return found & known


def cycle_in(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of a cycle; an empty list if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle
    return []


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the number of lines of a function's body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_the_core_has_few_modules():
    assert len(FILES) <= MOST_MODULES


@pytest.mark.parametrize("file", FILES, ids=by_path)
def test_modules_and_functions_are_short(file):
    source = file.read_text("utf-8")
    assert len(source.splitlines()) <= MOST_LINES
    nodes = ast.walk(ast.parse(source))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f"{one.name}: {body_lines(one)}" for one in functions if body_lines(one) > LONGEST_BODY] == []


def test_no_modules_import_each_other():
    known = {module_of(file) for file in FILES}
    imports = {module_of(file): imports_of(ast.parse(file.read_text("utf-8")), known) for file in FILES}
    for stub in ROOT.rglob("__init__.pyi"):
        package = module_of(stub)
        imports[package] |= imports_of(ast.parse(stub.read_text("utf-8")), known, package)
    assert cycle_in({module: others - {module} for module, others in imports.items()}) == []


@pytest.mark.parametrize("file", FILES, ids=by_path)
def test_text_classification_is_mentioned_in_its_package_alone(file):
    if file.name == "__init__.py" or "tasks/text_classifier" in file.as_posix():
        return
    lines = file.read_text("utf-8").splitlines()
    assert {number: line for number, line in enumerate(lines, 1) if WORDS.search(line)} == {}


def test_a_cycle_through_a_type_is_found():
    known = {"a", "a.b", "a.c"}
    sources = {
        "a.b": "from a import c\nfrom a.c import d",
        "a.c": "if TYPE_CHECKING:\n    import a.b",
        "a": "def f():\n    import json, a.b",
    }
    imports = {module: imports_of(ast.parse(source), known) for module, source in sources.items()}
    assert imports == {"a.b": {"a.c"}, "a.c": {"a.b"}, "a": {"a.b"}}
    assert set(cycle_in(imports)) == {"a.b", "a.c"}
    assert cycle_in({"a": {"a.b"}, "a.b": {"a.c"}, "a.c": set()}) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def f():\n    return 1", 1),
        ('def f():\n    """Return 1.\n\n    Always.\n    """\n    x = 1\n\n    return x', 3),
        ('def f():\n    """Return nothing."""', 0),
        ("async def f(\n    x,\n):\n    await x\n    await x", 2),
    ],
)
def test_a_body_is_counted_without_its_docstring(source, lines):
    (function,) = ast.parse(source).body
    assert body_lines(function) == lines
