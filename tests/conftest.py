from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import pytest

import modelry  # noqa: F401 - chooses a backend before a test imports Keras

# What the tests, and the processes they start, compile must not end up among the programs of the person who runs them.
os.environ["MODELRY_COMPILATION_CACHE"] = tempfile.mkdtemp(prefix="modelry-tests-")
atexit.register(shutil.rmtree, os.environ["MODELRY_COMPILATION_CACHE"], ignore_errors=True)

FIXTURES = Path(__file__).parent / "fixtures"
ROOT = Path(__file__).parents[1]


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


@pytest.fixture(scope="session")
def call():
    """Run a program that must succeed, and return what it prints."""

    def run(*command: str | Path, **options: object) -> str:
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
        assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture(scope="session")
def wheel(call, tmp_path_factory):
    """Build a project of this repository, first its sdist and from that its wheel; return the wheel."""

    @functools.cache
    def build(project: str) -> Path:
        folder = tmp_path_factory.mktemp("dist")
        call(sys.executable, "-m", "build", "--outdir", folder, ROOT / project)
        (found,) = folder.glob("*.whl")
        return found

    return build


@pytest.fixture(scope="session")
def python(call, tmp_path_factory, wheel):
    """The Python of a new environment with `modelry[jax,bert]`."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    core, bert = wheel("."), wheel("plugins/bert")
    call(python, "-m", "pip", "install", "--quiet", f"modelry[jax,bert] @ {core.as_uri()}", bert)
    return python
