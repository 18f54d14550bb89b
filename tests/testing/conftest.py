"""A project of an outside author, as pip would install it, and a pytest process that tests it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .seeded_faults.results import read_results

FAULTS = Path(__file__).parent / "faults"
KINDS = {
    "GoodHead": "heads",
    "Good": "backbones",
    "GoodTokenizer": "tokenizers",
    "GoodHashing": "tokenizers",
    "GoodPreprocessor": "preprocessors",
    "GoodVault": "storage",
    "GoodClassifier": "tasks",
    "GoodCheckpoint": "checkpoints",
}


class Project:
    """Modules and metadata in a folder.

    Args:
        folder: The folder to make.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for path in FAULTS.glob("*.py"):
            (folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
        self.install("acme", _entry_points())

    def install(self, name: str, entry_points: str) -> None:
        metadata = self.folder / f"{name}-1.0.dist-info"
        metadata.mkdir()
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: modelry\n"
        (metadata / "METADATA").write_text(head)
        (metadata / "entry_points.txt").write_text(entry_points)

    def run(self, file: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run pytest on a file in a new process, as an author would."""
        folder = self.folder
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]),
            "ACME_VAULT": str(folder / "vault"),
            "ACME_CHECKPOINT": str(FAULTS.parents[1] / "fixtures" / "transformers" / "bert"),
            "PYTHONHASHSEED": "0",
            "PYTEST_ADDOPTS": "",  # which are for the tests that this is part of
        }
        (folder / "vault").mkdir(exist_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), file]
        return subprocess.run(
            [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    def report(self, file: str, *options: str) -> dict[str, dict[str, dict[str, Any]]]:
        """Run pytest, and return the results: suite → claim → status and detail."""
        done = self.run(file, "--junit-xml=results.xml", *options)
        assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr
        return read_results(self.folder / "results.xml")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "acme")


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return lambda: Project(tmp_path_factory.mktemp("acme"))


def failed(claims: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the failed claims of a suite with their messages."""
    return {name: claim["detail"] for name, claim in claims.items() if claim["status"] == "failed"}


def _entry_points() -> str:
    """Return declarations of every class that derives from one in `KINDS`."""
    # A converter's architecture is of its own distribution.
    lines = {
        "backbones": ["bert = modelry_bert.backbone:BertBackbone\n"],
        "tokenizers": ["bert = modelry_bert.text:BertTokenizer\n"],
        "preprocessors": ["bert.text_classifier = modelry_bert.text:BertTextClassifierPreprocessor\n"],
        "tasks": ["bert.text_classifier = modelry_bert.text_classifier:BertTextClassifier\n"],
    }
    for path in FAULTS.glob("acme_*.py"):
        kinds = dict(KINDS)
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name != "Unregistered":
                kind = kinds.get(node.name) or kinds.get(getattr(node.bases[0], "id", "") if node.bases else "")
                if kind is not None:
                    kinds[node.name] = kind
                    name = node.name.lower() + (
                        ".text_classifier" if kind == "tasks" and node.name != "IsMisnamed" else ""
                    )
                    lines.setdefault(kind, []).append(f"{name} = {path.stem}:{node.name}\n")
    return "".join(f"[modelry.{kind}]\n{''.join(found)}" for kind, found in sorted(lines.items()))
