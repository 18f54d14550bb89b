"""Plain English in docstrings, comments, messages and docs, as far as a program can judge it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]

OPENING = re.compile(r"(what|which|whether|who|whoever|whose|where|wherever|how|when|whenever|from|all that)\b", re.I)
FORMS = {
    re.compile(r"\b(anew|shall|whoever|for[ -]ever|mend(s|ed|ing)?|told)\b", re.I): "use a plainer word",
    # "there is no X", "is no longer" and "is no more than" are plain English.
    re.compile(r"(?<!\b[Tt]here )\b(is|are|was|were) no\b(?! (longer|more|less)\b)"): "write “is not a …”",
}


@attrs.frozen
class Text:
    """A piece of prose in a file.

    Attributes:
        file: The file.
        line: The line on which it begins, counted from 1.
        text: The prose.
        opens: True for the docstring of a module, a class or a public function, whose first word counts.
    """

    file: Path
    line: int
    text: str
    opens: bool = False

    @property
    def faults(self) -> Iterator[str]:
        """One line for each fault, with file and line."""
        place = self.file.relative_to(ROOT).as_posix() if self.file.is_relative_to(ROOT) else self.file.name
        if self.opens and (found := OPENING.match(self.text.strip())):
            yield f"{place}:{self.line}: “{found[0]}” opens a docstring; start with a noun phrase or an imperative"
        for form, advice in FORMS.items():
            for found in form.finditer(self.text):
                yield f"{place}:{self.line + self.text.count(chr(10), 0, found.start())}: “{found[0]}”; {advice}"


def texts_of(file: Path) -> Iterable[Text]:
    """Return the prose of a Python file, or the whole of any other."""
    content = file.read_text("utf-8")
    return [*_strings(file, content), *_comments(file, content)] if file.suffix == ".py" else [Text(file, 1, content)]


def _strings(file: Path, source: str) -> Iterator[Text]:
    """Yield the string literals of a source; an f-string is one, with `{}` for its values."""
    tree = ast.parse(source)
    opening = set(_docstrings(tree))
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield Text(file, node.lineno, "".join(map(str, parts)))
            pending += [part for part in node.values if not isinstance(part, ast.Constant)]
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Text(file, node.lineno, node.value, node in opening)
        pending += ast.iter_child_nodes(node)


def _docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the docstrings of the module, of classes, and of public functions and methods."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        public = isinstance(node, ast.Module | ast.ClassDef) or not node.name.startswith("_")
        first = node.body[0] if node.body else None
        if public and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            yield first.value


def _comments(file: Path, source: str) -> Iterator[Text]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Text(file, token.start[0], token.string)


def room_of(file: Path) -> str:
    """Return the folder or page that a file belongs to: `registry/modelry/data`, `plugins/bert`, `docs/hooks.md`."""
    parts = file.relative_to(ROOT).parts
    depth = {"registry": 3, "docs": 2, "plugins": 2}.get(parts[0], 1)
    return "/".join(parts[:depth])


def _files() -> list[Path]:
    kinds = ("*.py", "*.md", "*.template")
    folders = ("registry", "plugins", "docs", "examples", "benchmarks")
    found = [file for folder in folders for kind in kinds for file in (ROOT / folder).rglob(kind)]
    prose = {*found, *ROOT.glob("*.md"), ROOT / "noxfile.py"}
    return sorted(file for file in prose if file.parent.name != "licences")  # lawyers wrote those


ROOMS: dict[str, list[Path]] = {}
for _file in _files():
    ROOMS.setdefault(room_of(_file), []).append(_file)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_is_written_in_plain_english(room):
    faults = [fault for file in ROOMS[room] for text in texts_of(file) for fault in text.faults]
    assert not faults, "\n".join(faults)


OPENS = "opens a docstring; start with a noun phrase or an imperative"


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ('"""What a user reads."""', [f"sample.py:1: “What” {OPENS}"]),
        ('class A:\n    """All that is saved."""', [f"sample.py:2: “All that” {OPENS}"]),
        ('class A:\n    def f(self):\n        """Whether it is."""', [f"sample.py:3: “Whether” {OPENS}"]),
        ('def _f():\n    """Whether it is."""', []),
        ('"""All classes. From there on."""', []),
        ('raise E(f"{x!r} is no {kind}")', ["sample.py:1: “is no”; write “is not a …”"]),
        ('f"There is no {x}, it is no longer {y}, and is no more likely than {z}."', []),
        ('x = """\n\nIt is made anew."""', ["sample.py:3: “anew”; use a plainer word"]),
        ("x = 1  # it shall be", ["sample.py:1: “shall”; use a plainer word"]),
        ("told = shall = 1", []),
    ],
)
def test_this_test_sees_faults_and_where_they_are(tmp_path, source, faults):
    file = tmp_path / "sample.py"
    file.write_text(source, "utf-8")
    assert [fault for text in texts_of(file) for fault in text.faults] == faults
