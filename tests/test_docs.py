"""The documentation does what it says: its Python runs, its copies of files are exact, its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelry import errors

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")]
BLOCK = re.compile(r"(?:<!-- (?P<mark>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)```\n", re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[re.Match[str]]:
    return list(BLOCK.finditer(page.read_text("utf-8")))


def is_tutorial(page: Path) -> bool:
    """Return whether `tests/installed/test_tutorials.py` follows the page."""
    return "<!-- file: tests/third_party/" in page.read_text("utf-8")


def runnable(page: Path) -> list[str]:
    if is_tutorial(page):
        return []
    return [block["text"] for block in blocks(page) if block["language"] == "python" and block["mark"] is None]


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=page_id)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    code = "\n".join(runnable(page))
    variables = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_mark_before_a_block_is_one_of_two(page):
    for block in blocks(page):
        kind, colon, rest = (block["mark"] or "").partition(": ")
        assert (kind, bool(colon and rest)) in {("", False), ("file", True), ("not run", True)}, block["mark"]
        if kind == "file":
            assert block["text"] == (ROOT / rest).read_text("utf-8"), f"the copy of {rest} is out of date"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_to_files(page):
    for link in LINK.finditer(BLOCK.sub("", page.read_text("utf-8"))):
        path, _, anchor = link["target"].partition("#")
        if "://" not in path:
            target = page.parent / path if path else page
            assert target.exists(), link["target"]
            headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE) if anchor else []
            anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
            assert not anchor or anchor in anchors, link["target"]


@pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
def test_every_page_is_in_the_index(folder):
    index = (ROOT / folder / "index.md").read_text("utf-8")
    pages = {page.name for page in (ROOT / folder).glob("*.md")} - {"index.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


@pytest.mark.once
def test_the_readme_begins_with_python_and_shows_what_it_prints(tmp_path):
    code = blocks(ROOT / "README.md")[0]
    assert code["language"] == "python"
    assert code.string.count("\n", 0, code.end()) <= 15
    command = [sys.executable, "-c", code["text"]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.stdout.splitlines() == re.findall(r"^print\(.*\)  # (.+)$", code["text"], re.MULTILINE), done.stderr


def test_the_figures_of_the_readme_are_those_of_the_benchmarks():
    text = (ROOT / "README.md").read_text("utf-8")
    table = text[text.index("| On two CPU cores") : text.index("\n\nmodelry and KerasHub ran")]
    figures = re.findall(r"[\d.,]+ (?:s|MB|texts/s) ", table)
    assert len(figures) == 12
    measured = (ROOT / "docs/benchmarks.md").read_text("utf-8")
    assert [figure for figure in figures if f"| {figure}|" not in measured] == []


def test_the_tree_of_errors_is_the_one_in_the_code():
    drawn = [block["text"] for block in blocks(ROOT / "docs/errors.md") if "├──" in block["text"]]
    assert drawn[0] in errors.__doc__
    told = (ROOT / "docs/errors.md").read_text("utf-8")
    names = [name for name, value in vars(errors).items() if isinstance(value, type)]
    branches = {"ModelryError", "PresetError"}
    assert [name for name in names if name not in branches and f"| `{name}` |" not in told] == []


@pytest.mark.once
def test_the_quickstart_prints_little_and_gives_the_same_answers_after_loading(tmp_path):
    command = [sys.executable, ROOT / "examples/quickstart.py", tmp_path / "router"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= 40
    assert max(len(line) for line in lines) <= 120
    assert any(line.split()[:1] == ["modelry-bert"] and "bert.text_classifier" in line for line in lines)
    assert lines[-1] == "Loaded again: the same answers, to the last bit."
