"""Wheels built from this repository, and environments that pip installs them into, as users have them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import textwrap
import venv
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parents[2]
CORE, BERT = ".", "plugins/bert"


def pytest_collection_modifyitems(items):
    """Mark all tests here: what they do takes long and is the same on every backend."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.packaging)


def call(*command: str | Path, **options: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def clean_variables() -> dict[str, str]:
    """The environment variables of this process without those that would let a new one see what is installed here."""
    barred = ("KERAS_", "MODELRY_", "PYTHON", "PYTEST_", "VIRTUAL_ENV", "COV_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(barred)}
    return kept | {"MODELRY_COMPILATION_CACHE": os.environ["MODELRY_COMPILATION_CACHE"]}


@attrs.frozen
class Environment:
    """A virtual environment, and a folder to work in."""

    folder: Path
    cwd: Path

    @property
    def programs(self) -> Path:
        return self.folder / ("Scripts" if sys.platform == "win32" else "bin")

    @property
    def site(self) -> Path:
        command = (self.programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        return Path(call(*command).strip())

    def variables(self, **more: str) -> dict[str, str]:
        found = clean_variables()
        return found | {"PATH": f"{self.programs}{os.pathsep}{found['PATH']}"} | more

    def pip(self, *arguments: str | Path) -> None:
        call(self.programs / "python", "-m", "pip", "--quiet", *arguments, env=self.variables())

    def start(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment; it may fail."""
        return subprocess.run(
            [*map(str, command)],
            cwd=self.cwd,
            env=self.variables(**variables),
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, code: str, **variables: str) -> list[str]:
        """Run code and return the lines that it prints."""
        done = self.start(self.programs / "python", "-c", textwrap.dedent(code), **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def modelry(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command; it may fail."""
        return self.start(self.programs / "modelry", *arguments, **variables)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Build a project of this repository, first its sdist and from that its wheel; return the wheel."""

    @functools.cache
    def build(project: str) -> Path:
        folder = tmp_path_factory.mktemp("dist")
        call(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT / project)
        (found,) = folder.glob("*.whl")
        return found

    return build


@pytest.fixture(scope="session")
def third_party(tmp_path_factory):
    """Build a distribution of `tests/third_party`; return the wheel. One of a later version holds what it changes."""

    @functools.cache
    def build(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        for part in (name.removesuffix("-0.2"), name):
            shutil.copytree(ROOT / "tests/third_party" / part, folder / "project", dirs_exist_ok=True)
        code = "import sys, hatchling.build; hatchling.build.build_wheel(sys.argv[1])"
        call(sys.executable, "-c", code, folder, cwd=folder / "project")
        (found,) = folder.glob("*.whl")
        return found

    return build


@pytest.fixture(scope="session")
def base(tmp_path_factory, wheel):
    """An environment with `modelry[jax,bert]` and no more, which no test changes."""
    folder = tmp_path_factory.mktemp("base")
    venv.create(folder, with_pip=True)
    environment = Environment(folder, tmp_path_factory.mktemp("cwd"))
    environment.pip("install", f"modelry[jax,bert] @ {wheel(CORE).as_uri()}", wheel(BERT))
    return environment


@pytest.fixture(scope="session")
def tools(tmp_path_factory, base):
    """What people who write plugins have installed too: a folder of libraries that sees those of `base`."""
    folder = tmp_path_factory.mktemp("tools")
    testing = ("pytest>=8.3", "safetensors>=0.5")  # of modelry[testing], which is a wheel of this repository
    base.pip("install", "--target", folder, *testing, "hatchling>=1.27", "mypy>=1.15", "ruff>=0.14", "editables")
    return folder


@pytest.fixture
def environment(tmp_path, base, tools):
    """A new environment that sees what `base` and `tools` have, and that a test may change: made in two seconds."""
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False)
    (tmp_path / "work").mkdir()
    new = Environment(folder, tmp_path / "work")
    # pip looks for what is installed along sys.path, so it takes what stands there for granted and leaves it alone.
    (new.site / "base.pth").write_text(f"{base.site}\n{tools}\n")
    for program in (*base.programs.glob("modelry*"), *base.programs.glob("pip*"), *tools.glob("bin/*")):
        first, _, rest = program.read_bytes().partition(b"\n")
        if first.startswith(b"#!"):
            copy = new.programs / program.name
            copy.write_bytes(b"#!" + str(new.programs / "python").encode() + b"\n" + rest)
            copy.chmod(0o755)
        else:
            (new.programs / program.name).symlink_to(program)
    return new
