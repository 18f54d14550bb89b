"""Distributions that tests install: on the path of this process, or by pip."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
