from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from pathlib import Path

import fsspec
import pytest

import modelry  # noqa: F401 - chooses a backend before a test imports Keras

# What the tests, and the processes they start, compile must not end up among the programs of the person who runs them.
if "PYTEST_XDIST_WORKER" not in os.environ:  # workers have the folder of the process that started them
    os.environ["MODELRY_COMPILATION_CACHE"] = tempfile.mkdtemp(prefix="modelry-tests-")
    atexit.register(shutil.rmtree, os.environ["MODELRY_COMPILATION_CACHE"], ignore_errors=True)

# Other people's tests, which are run where their packages are installed.
collect_ignore = ["testing/faults", "third_party"]

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


@pytest.fixture
def memory():
    """fsspec's file system in memory, empty."""
    found = fsspec.filesystem("memory")
    found.store.clear()
    yield found
    found.store.clear()


# Folders and files of tests that no backend makes a difference to.
ONCE = {"benchmarks", "discovery", "presets", "storage", "tables", "text", "test_installed.py"}
ONCE |= {f"test_{name}.py" for name in ("classify_file_process", "docs", "doctor", "explain", "imports", "listing")}
ONCE |= {f"test_{name}.py" for name in ("new", "patterns", "plugins", "public", "pytest_plugin", "safety", "show")}
ONCE |= {f"test_{name}.py" for name in ("storage_contract", "strict_json")}


def pytest_itemcollected(item):
    """Mark what is tested once."""
    if ONCE.intersection(item.path.relative_to(FIXTURES.parent).parts):
        item.add_marker(pytest.mark.once)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with what takes longest, so that no core is left alone with it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("packaging") is None)
