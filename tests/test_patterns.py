"""No regular expression of modelry takes longer than linear time, whatever it is given.

Every pattern in the source is run on texts made to hurt it: what its beginning matches, 400,000 characters that one
of its repetitions matches, and an end that nothing matches. What takes the square of that would take minutes each.
"""

from __future__ import annotations

import ast
import json
import re
import re._constants as codes
import re._parser as parser
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

import modelry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(modelry.__file__).parent
SEARCHES = {"search", "sub", "subn", "split", "findall", "finditer"}
MADE = {"word_splitting.py": 2}
"""How many patterns a file makes of other things than a constant; `tests/tokenizers` has tests of them."""

SIZE = 400_000

RUN = """
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
for pattern, flags, searches, texts in json.load(sys.stdin):
    print(pattern, flush=True)
    compiled = re.compile(pattern, flags)
    for before, pump in texts:
        text = before + pump * (int(sys.argv[1]) // len(pump))
        for whole in (text, text + chr(0) + "!"):
            compiled.sub("", whole) if searches else compiled.fullmatch(whole)
"""


@attrs.frozen
class Pattern:
    """A regular expression in the source, and whether it is looked for anywhere in a text."""

    text: str
    flags: int
    searches: bool


def find_patterns() -> Iterator[Pattern]:
    sources = {path: path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py"))}
    used = set(re.findall(r"(\w+)\.(\w+)\(", "\n".join(sources.values())))
    for path, source in sources.items():
        made = 0
        tree = ast.parse(source)
        names = {id(node.value): node.targets[0].id for node in ast.walk(tree) if _names_a_pattern(node)}
        for call in filter(_is_of_re, ast.walk(tree)):
            if not isinstance(call.args[0], ast.Constant):
                made += 1
                continue
            named = ast.unparse(call.args[1]) if call.func.attr == "compile" and call.args[1:] else ""
            ways = {way for name, way in used if name == names.get(id(call))} | {call.func.attr}
            flags = int(getattr(re, named.removeprefix("re."))) if named else 0
            yield Pattern(call.args[0].value, flags, bool(ways & SEARCHES))
        assert made == MADE.get(path.name, 0), f"{path} makes {made} patterns that are not tested"


def _names_a_pattern(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_of_re(node.value)


def _is_of_re(node: ast.AST) -> bool:
    ways = SEARCHES | {"compile", "match", "fullmatch"}
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {f"re.{way}" for way in ways}


def pumps(pattern: str, flags: int) -> Iterator[tuple[str, str]]:
    """Yield for each repetition without limit a text that leads to it, and one that it matches."""
    yield "", "a"
    yield from _walk(list(parser.parse(pattern, flags)), "")


def _walk(items: list, before: str) -> Iterator[tuple[str, str]]:
    for position, (code, value) in enumerate(items):
        lead = before + _sample(items[:position])
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            _, high, body = value
            if high == codes.MAXREPEAT:
                yield from ((lead, pump) for pump in _samples(list(body)))
            yield from _walk(list(body), lead)
        elif code is codes.SUBPATTERN:
            yield from _walk(list(value[3]), lead)
        elif code is codes.BRANCH:
            for way in value[1]:
                yield from _walk(list(way), lead)


def _samples(items: list) -> Iterator[str]:
    """Yield texts that a sequence matches: one, and for a class of characters one of each of its kinds."""
    yield _sample(items)
    if len(items) == 1 and items[0][0] is codes.IN:
        yield from filter(None, {_sample([(codes.IN, [part])]) for part in items[0][1] if part[0] is not codes.NEGATE})


def _sample(items: list) -> str:
    """Return a text that a sequence matches."""
    found = ""
    for code, value in items:
        if code is codes.LITERAL:
            found += chr(value)
        elif code in (codes.NOT_LITERAL, codes.ANY):
            found += "a"
        elif code is codes.IN:
            found += _member(value)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            found += _sample(list(value[2])) * max(value[0], 1)
        elif code is codes.SUBPATTERN:
            found += _sample(list(value[3]))
        elif code is codes.BRANCH:
            found += _sample(list(value[1][0]))
    return found


def _member(parts: list) -> str:
    if parts[0][0] is codes.NEGATE:
        excluded = {chr(value) for code, value in parts if code is codes.LITERAL}
        return next(char for char in "a b0-" if char not in excluded)
    code, value = parts[0]
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.RANGE:
        return chr(value[0])
    other = codes.CATEGORY_NOT_SPACE
    return {codes.CATEGORY_SPACE: " ", codes.CATEGORY_DIGIT: "1", codes.CATEGORY_WORD: "a", other: "a"}[value]


def last_when_stopped(patterns: Iterable[Pattern], seconds: int) -> str | None:
    """Run patterns on what hurts them, for so long of CPU time; return the one that did not come to an end, if any."""
    jobs = [(one.text, one.flags, one.searches, list(dict.fromkeys(pumps(one.text, one.flags)))) for one in patterns]
    command = [sys.executable, "-S", "-c", RUN, str(SIZE), str(seconds)]
    done = subprocess.run(command, input=json.dumps(jobs).encode(), stdout=subprocess.PIPE, check=False)
    assert done.returncode in (0, -signal.SIGXCPU, -signal.SIGKILL)
    return done.stdout.decode().splitlines()[-1] if done.returncode else None


def test_every_pattern_is_linear():
    found = list(find_patterns())
    assert len(found) > 30
    assert last_when_stopped(found, 60) is None


@pytest.mark.parametrize(
    "pattern",
    [
        Pattern(r"\s*(\d+)\s*(x?)\s*", 0, searches=False),  # two repetitions of the same beside one another
        Pattern(r"[a-z][a-z0-9]*://", 0, searches=True),  # a search that begins anew at every character
    ],
)
def test_this_test_finds_those_that_are_not(pattern):
    assert last_when_stopped([pattern], 3) == pattern.text
