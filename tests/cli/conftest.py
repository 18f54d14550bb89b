"""The command in this process, where that is enough, and as users run it: a process with pipes or a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from modelry.cli.app import app
from modelry.discovery.default import registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

COMMAND = (sys.executable, "-m", "modelry")


@pytest.fixture
def invoke(monkeypatch) -> Callable[..., Result]:
    """Run the command in this process, with a registry of its own: `invoke("list", "heads", input="…")`."""
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

    def run_process(*arguments: str, **variables: str) -> str:
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
        assert process.wait() == 0, shown
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n")

    return run_process


@pytest.fixture
def install(tmp_path, monkeypatch) -> Callable[..., Path]:
    """Put a distribution on the path of this process: `install("acme", {"modelry.heads": {"x": "acme:X"}})`."""

    def write(name: str, points: dict[str, dict[str, str]], **modules: str) -> Path:
        site = tmp_path / f"site-{name}"
        info = site / f"{name}-1.5.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        lines: list[str] = []
        for group, entries in points.items():
            lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for module, code in modules.items():
            (site / f"{module}.py").write_text(code)
        monkeypatch.syspath_prepend(str(site))
        return site

    return write
