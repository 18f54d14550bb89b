"""Projects that `modelry new` writes, as their authors meet them: installed, tested, linted and used untouched.

The command is that of the wheel. Each project is installed as a wheel into an environment of its own, on top of one
that all share.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import textwrap
import zipfile
from typing import TYPE_CHECKING

import attrs
import pytest

from .conftest import call

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Environment

TEXTS = ["A warm and funny film.", "Dull and far too long.", "What a delight!", "A waste of time."] * 4
LABELS = ["good", "bad", "good", "bad"] * 4


@attrs.frozen
class Author:
    """Somebody who has a project written, and does not touch it.

    Attributes:
        environment: Where the project is installed.
        folder: The project.
    """

    environment: Environment
    folder: Path

    def run(self, *command: str) -> str:
        """Run a program in the project's folder."""
        return call(self.environment.programs / command[0], *command[1:], cwd=self.folder, env=self.variables())

    def variables(self) -> dict[str, str]:
        return self.environment.variables(PIP_NO_BUILD_ISOLATION="0")

    def install(self) -> set[str]:
        """Build the project's wheel, install it, and check what it depends on; return the files of the wheel."""
        self.run("pip", "wheel", "--quiet", "--no-deps", "-w", "..", ".")
        (wheel,) = self.folder.parent.glob("*.whl")
        self.environment.pip("install", "--no-deps", wheel)
        assert self.run("pip", "check").strip() == "No broken requirements found."
        with zipfile.ZipFile(wheel) as archive:
            return set(archive.namelist())

    def check(self) -> None:
        """Run the project's own tests against what is installed, its linters, and its type checker."""
        shown = self.run("python", "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider")
        assert re.search(r"^\d+ passed", shown, re.MULTILINE), shown
        self.run("ruff", "check", "--no-cache")
        self.run("ruff", "format", "--check", "--no-cache")
        self.run("mypy", "--cache-dir", os.devnull)

    def use(self, after: str = "", **variables: str) -> list[str]:
        """Run the Python of the project's README in an empty folder, and code after it; return what is printed."""
        (example,) = re.findall(r"```python\n(.*?)```", (self.folder / "README.md").read_text("utf-8"), re.DOTALL)
        given = f"texts, labels = {TEXTS!r}, {LABELS!r}\n"
        return self.environment.run(given + example + textwrap.dedent(after), **variables)

    def classify(self, preset: str, text: str, **variables: str) -> str:
        """Classify a text with a preset, by the command in a process of its own; return the label."""
        done = self.environment.modelry("classify", preset, text, "--json", **variables)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["label"]


@pytest.fixture
def author(environment, tmp_path):
    """Have a project of some kind written by the command of the wheel."""

    def new(kind: str) -> Author:
        options = ("--kind", kind, "--author", "Ann <ann@example.org>", "--directory", tmp_path / "acme-gist")
        done = environment.modelry("new", "acme-gist", *options)
        assert done.returncode == 0, done.stderr
        return Author(environment, tmp_path / "acme-gist")

    return new


def test_an_architecture(author):
    ann = author("architecture")
    ann.install()
    ann.check()
    after = """
        for folder in ("./reviews", "./checkpoint"):
            loaded = TextClassifier.from_preset(folder)
            same = abs(loaded.predict(texts, verbose=0) - classifier.predict(texts, verbose=0)).max() < 1e-5
            print(type(loaded).__name__, same)
        """
    assert ann.use(after)[-2:] == ["AcmeGistTextClassifier True"] * 2
    config = json.loads((ann.environment.cwd / "checkpoint" / "config.json").read_text("utf-8"))
    assert (config["model_type"], config["architectures"]) == ("acme_gist", ["AcmeGistForSequenceClassification"])
    assert ann.classify("./reviews", "What a delight!") == ann.classify("./checkpoint", "What a delight!")


def test_a_task(author):
    ann = author("task")
    ann.install()
    ann.check()
    assert ann.use("print(type(restored).__name__, len(restored.tag(sentences)[0]))")[-1] == "AcmeGist 5"


def test_a_head(author):
    ann = author("head")
    ann.install()
    ann.check()
    ann.use()
    assert ann.classify("./reviews", "What a delight!")


def test_a_storage_backend(author, base, tmp_path):
    ann = author("storage")
    ann.install()
    ann.check()
    preset = base.site / "modelry_bert" / "presets" / "bert_micro_sst2"
    shutil.copytree(preset, tmp_path / "root" / "reviews" / "v2")
    variables = {"ACME_GIST_ROOT": str(tmp_path / "root"), "ACME_GIST_CACHE": str(tmp_path / "cache")}
    assert ann.use("print(classifier.labels)", **variables) == ["('negative', 'positive')"]
    assert ann.classify("acme-gist://reviews/v2", "What a delight!", **variables) == "positive"


def test_a_preset_in_a_wheel(author):
    ann = author("presets")
    ann.run("python", "build_preset.py")
    files = ann.install()
    assert "acme_gist/presets/acme_gist/model.weights.h5" in files
    ann.check()
    assert ann.use('print(classifier.classify(["Where is my parcel?"])[0][0][0])') == ["delivery"]
    assert ann.classify("acme_gist", "My card was charged twice.") == "billing"
