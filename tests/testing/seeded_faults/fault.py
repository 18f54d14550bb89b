"""A fault, and a copy of the plugin that has it."""

from __future__ import annotations

import shutil
from pathlib import Path

import attrs

PLUGIN = Path(__file__).parents[2] / "third_party" / "acme-textcnn"
PROJECT, TESTS = "pyproject.toml", "tests/test_conformance.py"
BACKBONE, TEXT, TASK = (f"acme_textcnn/{name}.py" for name in ("backbone", "text", "text_classifier"))


@attrs.frozen
class Edit:
    """One change to one file.

    Attributes:
        file: The file, from the plugin's folder.
        old: The text to replace, which stands there exactly once; `""` for a file that is not there yet.
        new: The text that replaces it.
    """

    file: str
    old: str
    new: str


@attrs.frozen
class Fault:
    """A mistake that an author might make.

    Attributes:
        name: The mistake.
        edits: The changes that make it.
        suite: The suite of the plugin's tests that must catch it, without `Test`; empty where the tests cannot even be
            imported.
        claims: The claims of the suite that must fail.
        words: Words of the message of one of them.
    """

    name: str
    edits: tuple[Edit, ...]
    suite: str
    claims: tuple[str, ...]
    words: str


def copy_with(edits: tuple[Edit, ...], folder: Path) -> Path:
    """Copy the plugin into a new folder, change the copy, and return the folder.

    Raises:
        ValueError: The text that an edit replaces does not occur exactly once.
    """
    shutil.copytree(PLUGIN, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in edits:
        path = folder / edit.file
        text = path.read_text("utf-8") if path.exists() else ""
        found = text.count(edit.old) if edit.old else int(not text)
        if found != 1:
            raise ValueError(f"{edit.file} of {PLUGIN} has {found} places to put {edit.new!r} in. Correct the fault.")
        path.write_text(text.replace(edit.old, edit.new) if edit.old else edit.new, "utf-8")
    return folder
