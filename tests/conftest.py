from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import modelry  # noqa: F401 - chooses a backend before a test imports Keras

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def copy_of(tmp_path):
    """Copy a fixture preset, to be changed by the test."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(FIXTURES / name, tmp_path / Path(name).name))

    return copy


@pytest.fixture
def edit():
    """Change a JSON file: `edit(path, lambda values: …)`."""

    def change(path: Path, function) -> None:
        values = json.loads(path.read_text())
        function(values)
        path.write_text(json.dumps(values))

    return change
