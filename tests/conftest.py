from __future__ import annotations

import atexit
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import pytest

import modelry  # noqa: F401 - chooses a backend before a test imports Keras

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

# What the tests, and the processes they start, compile must not end up among the programs of the person who runs them.
if "PYTEST_XDIST_WORKER" not in os.environ:  # workers have the folder of the process that started them
    os.environ["MODELRY_COMPILATION_CACHE"] = tempfile.mkdtemp(prefix="modelry-tests-")
    atexit.register(shutil.rmtree, os.environ["MODELRY_COMPILATION_CACHE"], ignore_errors=True)

# Other people's tests, which are run where their packages are installed.
collect_ignore = ["testing/faults", "third_party"]

COMMAND = (sys.executable, "-m", "modelry")
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


# The command: in this process where that suffices, and as users run it, in a process with pipes or a terminal.


@pytest.fixture
def invoke(monkeypatch) -> Callable[..., Result]:
    """Run the command in this process, with a registry of its own: `invoke("list", "heads", input="…")`."""
    from typer.testing import CliRunner

    from modelry.cli.app import app
    from modelry.discovery.registry import registry

    monkeypatch.setenv("NO_COLOR", "1")

    def run_app(*arguments: str, **options) -> Result:
        with registry.isolated():
            return CliRunner().invoke(app, list(arguments), prog_name="modelry", **options)

    return run_app


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """The variables of a process that sees no settings of whoever runs the tests."""
    foreign = ("KERAS_", "MODELRY_", "PYTHON", "TF_CPP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    kept["MODELRY_COMPILATION_CACHE"] = os.environ["MODELRY_COMPILATION_CACHE"]
    kept |= {"KERAS_HOME": str(tmp_path / "keras"), "COLUMNS": "120", "TERM": "xterm", "PYTHONDONTWRITEBYTECODE": "1"}
    return {name: value for name, value in kept.items() if name not in ("NO_COLOR", "FORCE_COLOR")}


@pytest.fixture
def run(environment) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in a new process, with pipes: `run("list", input="…", MODELRY_PLUGINS="…")`."""

    def run_process(*arguments: str, input: str | bytes = "", **variables: str) -> subprocess.CompletedProcess[str]:  # noqa: A002
        data = input.encode() if isinstance(input, str) else input
        done = subprocess.run(
            [*COMMAND, *arguments], env=environment | variables, input=data, capture_output=True, check=False
        )
        texts = (done.stdout.decode(), done.stderr.decode())
        return subprocess.CompletedProcess(done.args, done.returncode, *texts)

    return run_process


@pytest.fixture
def terminal(environment) -> Callable[..., str]:
    """Run the command in a new process on a terminal, and return what stands there, without its colours."""

    def run_process(*arguments: str, status: int = 0, **variables: str) -> str:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, *arguments], env=environment | variables, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 65536):
                shown += block
        except OSError:  # how Linux says that nobody has the terminal open any more
            pass
        os.close(ours)
        assert process.wait() == status, shown
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n")

    return run_process


@pytest.fixture
def memory():
    """fsspec's file system in memory, empty."""
    found = fsspec.filesystem("memory")
    found.store.clear()
    yield found
    found.store.clear()


# Folders and files of tests that no backend makes a difference to.
ONCE = {"benchmarks", "checkpoints", "discovery", "presets", "storage", "tables", "tokenizers", "test_installed.py"}
ONCE |= {f"test_{name}.py" for name in ("architecture", "atomic", "classify_file_process", "docs", "doctor", "explain")}
ONCE |= {f"test_{name}.py" for name in ("imports", "language", "listing", "new", "patterns", "plugins", "prefetch")}
ONCE |= {f"test_{name}.py" for name in ("public", "pytest_plugin", "safety", "show", "storage_contract", "strict_json")}
ONCE |= {"test_types.py"}


def pytest_itemcollected(item):
    """Mark what is tested once."""
    if ONCE.intersection(item.path.relative_to(FIXTURES.parent).parts):
        item.add_marker(pytest.mark.once)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with what takes longest, so that no core is left alone with it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("packaging") is None)
