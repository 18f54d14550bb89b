"""Real wheels, built once, installed by pip, and a Python process that sees the ones a test asks for."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modelry.discovery.registry import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGISTRY = Path(__file__).parents[2] / "registry"

ACME_BERT = {
    "acme_bert/__init__.py": "from acme_bert.backbone import TinyHead",
    "acme_bert/backbone.py": """
        class AcmeBert: pass
        class TinyHead: pass
        class AcmeClassifier: pass
        class Unregistered: pass
    """,
    "acme_bert/plugin.py": """
        from modelry.plugin import BuiltinPreset, hookimpl

        @hookimpl
        def modelry_presets():
            yield BuiltinPreset("acme_base", "hf://acme/base", "bert", 7, "The base model.")
            yield BuiltinPreset("shared", "hf://acme/shared", "bert")

        @hookimpl
        def modelry_aliases():
            return {("backbones", "bert_v0"): "bert_v1", ("backbones", "bert_v1"): "bert"}

        @hookimpl
        def modelry_install_hint(kind, name):
            return "acme-rnn>=2" if (kind, name) == ("backbones", "rnn") else None
    """,
}
ACME_BERT_POINTS = {
    "modelry.backbones": {"bert": "acme_bert.backbone:AcmeBert"},
    "modelry.heads": {"tiny": "acme_bert:TinyHead"},
    "modelry.tasks": {"bert.text_classifier": "acme_bert.backbone:AcmeClassifier"},
    "modelry.plugin": {"bert": "acme_bert.plugin"},
}

PROJECTS: dict[str, tuple[dict[str, dict[str, str]], dict[str, str]]] = {
    "acme-bert==1.2": (ACME_BERT_POINTS, ACME_BERT),
    "acme-bert==1.3": (ACME_BERT_POINTS, ACME_BERT),
    "other.bert==0.1": (
        {"modelry.backbones": {"bert": "other_bert:OtherBert"}, "modelry.plugin": {"bert": "other_bert_plugin"}},
        {
            "other_bert.py": "class OtherBert: pass",
            "other_bert_plugin.py": """
                from modelry.plugin import BuiltinPreset, hookimpl

                @hookimpl
                def modelry_presets():
                    return [BuiltinPreset("shared", "hf://other/shared", "roberta")]
            """,
        },
    ),
    "acme-cnn==2.0": (
        {"modelry.backbones": {"cnn": "acme_cnn:Cnn"}},
        {"acme_cnn.py": "class Cnn: pass"},
    ),
    "broken-targets==3.1": (
        {
            "modelry.backbones": {
                "needs_more": "broken_needs:X",
                "exits": "broken_exits:X",
                "panics": "broken_panics:X",
                "interrupted": "broken_interrupted:X",
                "absent": "broken_panics_not:X",
                "renamed": "broken_renamed:OldName",
                "sound": "broken_renamed:NewName",
            },
        },
        {
            "broken_needs.py": "import surely_not_there",
            "broken_exits.py": "import sys; sys.exit(3)",
            "broken_panics.py": """
                class PanicException(BaseException): pass
                raise PanicException("out of luck")
            """,
            "broken_interrupted.py": "raise KeyboardInterrupt",
            "broken_renamed.py": "class NewName: pass",
        },
    ),
    "broken-hooks==0.3": (
        {
            "modelry.plugin": {
                "a": "broken_hooks_import",
                "b": "broken_hooks_exit",
                "c": "broken_hooks_raise",
                "d": "broken_hooks_typo",
                "e": "broken_hooks_types",
            },
        },
        {
            "broken_hooks_import.py": "import surely_not_there",
            "broken_hooks_exit.py": "import sys; sys.exit(3)",
            "broken_hooks_raise.py": """
                from modelry.plugin import BuiltinPreset, hookimpl

                @hookimpl
                def modelry_presets():
                    yield BuiltinPreset("half", "hf://half", "bert")
                    raise RuntimeError("no more")
            """,
            "broken_hooks_typo.py": """
                from modelry.plugin import BuiltinPreset, hookimpl

                @hookimpl
                def modelry_preset():
                    return []

                @hookimpl
                def modelry_presets():
                    return [BuiltinPreset("from_typo", "hf://typo", "bert")]
            """,
            "broken_hooks_types.py": """
                from modelry.plugin import hookimpl

                @hookimpl
                def modelry_presets():
                    return ["bert"]

                @hookimpl
                def modelry_aliases():
                    return ["ab"]

                @hookimpl
                def modelry_install_hint(kind, name):
                    return "--index-url http://evil acme"
            """,
        },
    ),
    "no-plugin==1.0": ({}, {"no_plugin.py": ""}),
    "acme-next==5.0": (
        {"modelry.backbones": {"next": "acme_next:Next"}, "modelry.plugin": {"next": "acme_next_plugin"}},
        {"acme_next.py": "from modelry.plugin import FromTheFuture", "acme_next_plugin.py": "API = 2"},
    ),
    "acme-later==5.1": (
        {
            "modelry.backbones": {"later": "acme_later:Later"},
            "modelry.plugin": {
                "later": "acme_later_plugin",
                "number": "acme_later_number",
                "other": "acme_later_other",
                "unmarked": "acme_later_unmarked",
                "empty": "acme_later_empty",
            },
            "modelry.observers": {"later": "acme_later_observer"},
        },
        {
            "acme_later.py": "from modelry.plugin import FromTheFuture",
            "acme_later_plugin.py": """
                from modelry.plugin import hookimpl
                API = 2

                @hookimpl
                def modelry_presets():
                    raise AssertionError("never called")
            """,
            "acme_later_number.py": "API = '1'",
            "acme_later_other.py": """
                from modelry.plugin import hookimpl

                @hookimpl
                def modelry_before_fetch(reference):
                    return "never asked"
            """,
            "acme_later_unmarked.py": "def modelry_presets(): return []",
            "acme_later_empty.py": "",
            "acme_later_observer.py": """
                from modelry.plugin import hookimpl

                @hookimpl
                def modelry_fetched(happening): ...
            """,
        },
    ),
    "acme-dated==0.9": ({"modelry.backbones": {"dated": "acme_dated:Dated"}}, {"acme_dated.py": "class Dated: pass"}),
    "acme-gate==0.4": (
        {"modelry.policies": {"gate": "acme_gate"}},
        {
            "acme_gate.py": """
                import os
                from modelry.plugin import API, hookimpl

                assert API == 1

                @hookimpl
                def modelry_before_fetch(reference):
                    if os.environ.get("ACME_GATE") == "raise":
                        raise OSError("the list cannot be reached")
                    print("asked about", reference)
                    return None if reference.startswith("file://") else "only folders are reviewed."
            """,
        },
    ),
    "acme-watch==0.6": (
        {"modelry.observers": {"watch": "acme_watch", "blind": "acme_watch_blind"}},
        {
            "acme_watch.py": """
                from modelry.plugin import hookimpl

                @hookimpl
                def modelry_preset_loaded(event):
                    print(event.reference, event.class_name, dict(event.distributions), event.seconds > 0)

                @hookimpl
                def modelry_fetched(event):
                    print(event)

                @hookimpl
                def modelry_published(event):
                    print(event)
            """,
            "acme_watch_blind.py": """
                from modelry.plugin import hookimpl

                @hookimpl
                def modelry_fetched(event):
                    raise RuntimeError("out of ink")
            """,
        },
    ),
}

REQUIRES = {"acme-next==5.0": ["modelry>=7,<8"], "acme-later==5.1": ["modelry"], "acme-dated==0.9": ["modelry<0.0.5"]}
"""What some projects depend on; they are installed without it."""

BUILD = """
import os, sys
from hatchling.build import build_editable, build_wheel
for folder in sys.argv[2:]:
    os.chdir(folder)
    build_wheel(sys.argv[1])
    os.makedirs(os.path.join(sys.argv[1], "editable"), exist_ok=True)
    build_editable(os.path.join(sys.argv[1], "editable"))
"""


def _write_project(folder: Path, requirement: str) -> None:
    name, _, version = requirement.partition("==")
    points, files = PROJECTS[requirement]
    tables = "".join(
        f'[project.entry-points."{group}"]\n' + "".join(f'"{key}" = "{value}"\n' for key, value in entries.items())
        for group, entries in points.items()
    )
    include = sorted({file.partition("/")[0] for file in files})
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\ndependencies = {REQUIRES.get(requirement, [])}\n{tables}'
        f"[tool.hatch.build]\ndev-mode-dirs = ['.']\n[tool.hatch.build.targets.wheel]\nonly-include = {include}\n"
    )
    for file, text in files.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(textwrap.dedent(text))


def _call(*arguments: str | Path) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of each project, by its requirement."""
    root = tmp_path_factory.mktemp("wheels")
    folders = {requirement: root / requirement for requirement in PROJECTS}
    for requirement, folder in folders.items():
        _write_project(folder, requirement)
    _call("-c", BUILD, root, *folders.values())
    found = {}
    for requirement in PROJECTS:
        name, _, version = requirement.partition("==")
        (found[requirement],) = root.glob(f"{name.replace('-', '_').replace('.', '_')}-{version}-*.whl")
    return found


@pytest.fixture(scope="session")
def pip_install(wheels: dict[str, Path]) -> Callable[..., None]:
    """`pip install` projects into a folder."""

    def install(target: Path, *requirements: str) -> None:
        files = [wheels[requirement] for requirement in requirements]
        _call("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, *files)

    return install


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, pip_install: Callable[..., None]) -> Callable[[str], Path]:
    """The folder in which one project is installed, alone."""
    folders: dict[str, Path] = {}

    def folder_of(requirement: str) -> Path:
        if requirement not in folders:
            folders[requirement] = tmp_path_factory.mktemp("site")
            pip_install(folders[requirement], requirement)
        return folders[requirement]

    return folder_of


@pytest.fixture(scope="session")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which modelry itself is installed, so that it has a version."""
    built, folder = tmp_path_factory.mktemp("core"), tmp_path_factory.mktemp("site-core")
    build = "import os, sys; from hatchling.build import build_wheel; os.chdir(sys.argv[2]); build_wheel(sys.argv[1])"
    _call("-c", build, built, REGISTRY.parent)
    _call("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder, *built.glob("*.whl"))
    return folder


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This environment's libraries without any plugin: modelry and its plugins may be installed here, or not."""
    folder = tmp_path_factory.mktemp("libraries")
    places = [Path(place) for place in sys.path if place.endswith("-packages")]  # one may bring in another by a .pth
    found = {path.name: path for place in reversed(places) for path in place.iterdir()}
    for name, path in found.items():
        if not name.startswith(("modelry", "_modelry", "_editable_impl")) and path.suffix != ".pth":
            (folder / name).symlink_to(path)
    return folder


@pytest.fixture
def run(tmp_path: Path, site: Callable[[str], Path], libraries: Path) -> Callable[..., str]:
    """Run code in a new process that sees the libraries and some of the projects, and return what it prints."""

    def run_code(code: str, *installed: str | Path, warnings: str = "error", **variables: str) -> str:
        places = [place if isinstance(place, Path) else site(place) for place in installed]
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("KERAS_", "MODELRY_", "PYTHON"))}
        environment = {
            "HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(map(str, [REGISTRY, *places, libraries])),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [sys.executable, "-S", "-W", warnings, "-c", textwrap.dedent(code)],
            env=kept | environment | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return (done.stdout + (done.stderr if warnings != "error" else "")).strip()

    return run_code


@pytest.fixture
def fresh() -> Iterator[None]:
    """The registry of this process as in a new one."""
    with registry.isolated():
        yield
