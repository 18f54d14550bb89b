"""Projects that `modelry new` writes, as their authors meet them: installed, tested, linted and used untouched.

The command is that of the wheel. Each project is installed as a wheel into an environment of its own, on top of one
that all share.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

pytestmark = pytest.mark.packaging

FIXTURE = Path(__file__).parents[1] / "fixtures" / "transformers" / "bert"
TEXTS = ["A warm and funny film.", "Dull and far too long.", "What a delight!", "A waste of time."] * 4
LABELS = ["good", "bad", "good", "bad"] * 4


def layered(folder: Path, *below: Path) -> Path:
    """Make an environment that also sees what other environments have; return its Python."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    site_packages(python).joinpath("below.pth").write_text("".join(f"{site_packages(one)}\n" for one in below))
    return python


def site_packages(python: Path) -> Path:
    (found,) = (python.parents[1] / "lib").glob("python*/site-packages")
    return found


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The variables of a process that sees no settings of whoever runs the tests."""
    barred = ("KERAS_", "MODELRY_", "PYTHON", "VIRTUAL_ENV", "COV_", "COVERAGE_")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(barred)}
    kept = {"MODELRY_COMPILATION_CACHE": os.environ["MODELRY_COMPILATION_CACHE"]}
    return variables | kept | {"KERAS_HOME": str(tmp_path_factory.mktemp("keras"))}


@pytest.fixture(scope="module")
def tools(call, python, tmp_path_factory):
    """An environment with what authors use besides: on top of modelry and BERT, and not in their way."""
    tools = layered(tmp_path_factory.mktemp("tools"), python)
    call(tools, "-m", "pip", "install", "--quiet", "pytest>=8.3", "hatchling>=1.27", "mypy>=1.15", "ruff>=0.14")
    return tools


@pytest.fixture
def project(call, clean, python, tmp_path):
    """Write a project with the command of the wheel; return its folder."""

    def new(kind: str) -> Path:
        command = python.with_name("modelry")
        call(command, "new", "acme-gist", "--kind", kind, "--author", "Ann <ann@example.org>", cwd=tmp_path, env=clean)
        return tmp_path / "acme-gist"

    return new


@pytest.fixture
def install(call, clean, python, tools, tmp_path):
    """Build a project's wheel, install it, and check what it depends on; return the Python and the wheel's files."""

    def build_and_install(folder: Path) -> tuple[Path, set[str]]:
        own = layered(tmp_path / "own", tools, python)
        pip = (own, "-m", "pip", "--disable-pip-version-check")
        call(*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path, folder, env=clean)
        (wheel,) = tmp_path.glob("*.whl")
        call(*pip, "install", "--quiet", "--no-deps", wheel, env=clean)
        assert call(*pip, "check", env=clean).strip() == "No broken requirements found."
        with zipfile.ZipFile(wheel) as archive:
            return own, set(archive.namelist())

    return build_and_install


@pytest.fixture
def check(call, clean):
    """Run a project's own tests against what is installed, its linters, and its type checker."""

    def run(own: Path, folder: Path) -> None:
        shown = call(own, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder, env=clean)
        assert re.search(r"^\d+ passed", shown, re.MULTILINE), shown
        call(own, "-m", "ruff", "check", "--no-cache", cwd=folder, env=clean)
        call(own, "-m", "ruff", "format", "--check", "--no-cache", cwd=folder, env=clean)
        call(own, "-m", "mypy", "--cache-dir", os.devnull, cwd=folder, env=clean)

    return run


@pytest.fixture
def use(call, clean, tmp_path):
    """Run the Python of a project's README in an empty folder, with code before and after it; return what it prints."""

    def run(own: Path, folder: Path, before: str = "", after: str = "") -> list[str]:
        (example,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        given = f"texts, labels = {TEXTS!r}, {LABELS!r}\n"
        code = given + textwrap.dedent(before) + example + textwrap.dedent(after)
        return call(own, "-c", code, cwd=work, env=clean).splitlines()

    return run


@pytest.fixture
def classify(call, clean, tmp_path):
    """Classify a text with a preset, by the command in a process of its own; return the label."""

    def run(own: Path, preset: str, text: str, **variables: str) -> str:
        command = (own, "-m", "modelry", "classify", preset, text, "--json")
        return json.loads(call(*command, cwd=tmp_path / "work", env=clean | variables))["label"]

    return run


def test_an_architecture(project, install, check, use, classify):
    folder = project("architecture")
    own, _ = install(folder)
    check(own, folder)
    after = 'print(type(TextClassifier.from_preset("./reviews")).__name__)'
    assert use(own, folder, after=after)[-1] == "AcmeGistTextClassifier"
    assert classify(own, "./reviews", "What a delight!") in ("good", "bad")


def test_a_head(project, install, check, use, classify):
    folder = project("head")
    own, _ = install(folder)
    check(own, folder)
    use(own, folder)
    assert classify(own, "./reviews", "What a delight!")


def test_a_storage_backend(project, install, check, use, classify, python, tmp_path, monkeypatch, clean):
    folder = project("storage")
    own, _ = install(folder)
    check(own, folder)
    preset = site_packages(python) / "modelry_bert" / "presets" / "bert_micro_sst2"
    shutil.copytree(preset, tmp_path / "root" / "reviews" / "v2")
    variables = {"ACME_GIST_ROOT": str(tmp_path / "root"), "ACME_GIST_CACHE": str(tmp_path / "cache")}
    monkeypatch.setitem(clean, "ACME_GIST_ROOT", variables["ACME_GIST_ROOT"])
    monkeypatch.setitem(clean, "ACME_GIST_CACHE", variables["ACME_GIST_CACHE"])
    assert use(own, folder, after="print(classifier.labels)") == ["('negative', 'positive')"]
    assert classify(own, "acme-gist://reviews/v2", "What a delight!") == "positive"


def test_a_checkpoint_converter(project, install, check, use, classify, tmp_path):
    folder = project("checkpoint")
    own, _ = install(folder)
    check(own, folder)
    write_as_gist(tmp_path / "work" / "checkpoint")
    golden = json.loads((FIXTURE / "golden.json").read_text("utf-8"))
    compare = f"""
        whole = TextClassifier.from_preset("./checkpoint", sequence_length={golden["max_length"]})
        print(abs(whole.predict({golden["texts"]!r}, verbose=0) - {golden["logits"]!r}).max() < 1e-4)
        """
    assert use(own, folder, after=compare)[-1] == "True"
    assert classify(own, "./reviews", "What a delight!") in ("good", "bad")


def write_as_gist(folder: Path) -> None:
    """Write the checkpoint that transformers made as one of another type, with other names."""
    shutil.copytree(FIXTURE, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "acme-gist"}), "utf-8")
    tensors = load_file(folder / "model.safetensors")
    renamed = {re.sub(r"^bert\.", "acme_gist.", name): np.asarray(tensor) for name, tensor in tensors.items()}
    assert renamed.keys() != tensors.keys()
    save_file(renamed, folder / "model.safetensors", {"format": "pt"})


def test_a_preset_in_a_wheel(call, clean, project, install, check, use, classify, python):
    folder = project("presets")
    call(python, "build_preset.py", cwd=folder, env=clean)
    own, files = install(folder)
    assert "acme_gist/presets/acme_gist/model.weights.h5" in files
    check(own, folder)
    assert use(own, folder, after='print(classifier.classify(["Where is my parcel?"])[0][0][0])') == ["delivery"]
    assert classify(own, "acme_gist", "My card was charged twice.") == "billing"
