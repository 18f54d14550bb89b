"""The command in this process, where that is enough, and as users run it: a process with pipes or a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from modelry.cli.app import app
from modelry.discovery.registry import registry

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


_BUILD = """
import os, sys
from hatchling.build import build_wheel
for folder in sys.argv[2:]:
    os.chdir(folder)
    build_wheel(sys.argv[1])
"""


def _write_project(folder: Path, requirement: str, project: dict) -> None:
    name, _, version = requirement.partition("==")
    folder.mkdir()
    tables = "".join(
        f'[project.entry-points."{group}"]\n' + "".join(f'"{key}" = "{value}"\n' for key, value in entries.items())
        for group, entries in project.get("points", {}).items()
    )
    extras = "".join(f"{extra} = {needs}\n" for extra, needs in project.get("extras", {}).items())
    files = project["files"]
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\ndescription = "About {name}."\n'
        f"dependencies = {project.get('requires', [])}\n[project.optional-dependencies]\n{extras}{tables}"
        f"[tool.hatch.build.targets.wheel]\nonly-include = {sorted(files)}\n"
    )
    for file, text in files.items():
        (folder / file).write_text(textwrap.dedent(text))


def _call(*arguments: str | Path) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def sites(tmp_path_factory) -> Callable[[dict[str, dict]], dict[str, Path]]:
    """Build wheels and install each by pip into a folder of its own: `sites({"acme==1": {"points": …, "files": …}})`.

    A project has `files`, and maybe `points` (its entry points), `requires` and `extras`.
    """

    def install_all(projects: dict[str, dict]) -> dict[str, Path]:
        root = tmp_path_factory.mktemp("projects")
        for requirement, project in projects.items():
            _write_project(root / requirement, requirement, project)
        _call("-c", _BUILD, root / "wheels", *(root / requirement for requirement in projects))
        found = {}
        for requirement in projects:
            wheel = requirement.replace("-", "_").replace("==", "-")
            (file,) = (root / "wheels").glob(f"{wheel}-*.whl")
            found[requirement] = root / f"site-{requirement}"
            _call("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", found[requirement], file)
        return found

    return install_all
