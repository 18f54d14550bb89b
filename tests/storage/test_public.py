"""The public names of `modelry.storage`: lazy, as type checkers see them, and enough for handlers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import modelry
from modelry import storage


def test_type_checkers_see_what_the_table_says():
    (block,) = [node for node in ast.parse(Path(storage.__file__).read_text()).body if isinstance(node, ast.If)]
    seen = {name.asname: f"{node.module}:{name.name}" for node in block.body for name in node.names}
    assert seen == storage._PUBLIC
    assert sorted(storage.__all__) == sorted(storage._PUBLIC)


@pytest.mark.parametrize("name", storage._PUBLIC)
def test_every_public_name_is_there(name):
    assert getattr(storage, name) is not None
    assert name in dir(storage)


@pytest.mark.parametrize("name", ["Budget", "PresetFiles", "Storage"])
def test_the_facade_has_the_same_classes(name):
    assert getattr(modelry, name) is getattr(storage, name)


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="has no attribute 'Storrage'"):
        storage.Storrage  # noqa: B018


def test_the_package_imports_nothing_heavy():
    heavy = ("keras", "fsspec", "huggingface_hub", "kagglehub", "stamina", "rich")
    code = (
        f"import sys, modelry.storage as s; s.Storage, s.open_preset; print([n for n in {heavy} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
