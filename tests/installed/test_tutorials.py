"""The tutorials, followed to the letter: each in a new environment and an empty folder, block by block.

A block with a mark `file:` is written to that file of the project that the page is about. Shell and Python blocks are
run; Python goes on where the last one stopped, until a shell command comes. A block of plain text is what the block
before it must have printed somewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs
import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from .conftest import Environment

TUTORIALS = [
    path for path in sorted(ROOT.glob("docs/*.md")) if "<!-- file: tests/third_party/" in path.read_text("utf-8")
]
BLOCK = re.compile(
    r"(?:<!-- file: tests/third_party/[^/]+/(?P<file>\S+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```\n", re.DOTALL
)


@attrs.define
class Reader:
    """Somebody who does what a page says."""

    environment: Environment
    python: str = ""
    printed: str = ""

    def do(self, file: str | None, language: str, text: str) -> None:
        if file is not None:
            path = self.environment.cwd / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        elif language == "text":
            assert text.strip() in self.printed
        elif language == "sh":
            self.python = ""
            self.run("bash", "-euc", text)
        elif language == "python":
            self.python += text
            self.run("python", "-c", self.python)
        else:
            raise AssertionError(f"a block of {language!r} that nothing is done with:\n{text}")

    def run(self, *command: str) -> None:
        done = self.environment.start(*command, PIP_NO_BUILD_ISOLATION="0", PIP_QUIET="1")  # 0 turns isolation off
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        self.printed = done.stdout + done.stderr


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_works_for_whoever_follows_it(page, environment):
    reader = Reader(environment)
    for block in BLOCK.finditer(page.read_text("utf-8")):
        reader.do(block["file"], block["language"], block["text"])


def test_the_first_plugin_is_short():
    package = ROOT / "tests/third_party/acme-textcnn/acme_textcnn"
    assert sum(len(path.read_text("utf-8").splitlines()) for path in package.glob("*.py")) < 120


def test_none_is_forgotten():
    assert {page.stem for page in TUTORIALS} == {
        "presets-in-a-wheel",
        "write-a-head",
        "write-a-plugin",
        "write-a-storage-backend",
        "write-a-task",
    }
