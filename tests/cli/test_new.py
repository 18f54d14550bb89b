"""`modelry new` in this process and on a terminal: what is written, what is asked, what is refused.

That the projects work is for `test_new_projects.py` to show.
"""

from __future__ import annotations

import ast
import os
import pty
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruff import find_ruff_bin

from modelry.errors import InputError
from modelry.scaffold.names import class_prefix, distribution_name
from modelry.scaffold.project import KINDS, plan, supported_versions
from modelry.scaffold.write import render, write_project

ROOT = Path(__file__).parents[2]
AUTHOR = "Ann Author <ann@example.org>"
SHORT, LONG = "x1", "acme-very-long-hierarchical-attention-network"
COMMON = {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", ".gitignore", ".github/workflows/ci.yml"}
OWN = {
    "architecture": {"backbone", "text", "text_classifier", "transformers"}
    | {"test_conformance", "test_end_to_end", "test_transformers"},
    "task": {"spec", "head", "task", "test_task"},
    "head": {"head", "test_head"},
    "storage": {"storage", "test_storage"},
    "presets": {"plugin", "build_preset", "test_preset"},
}
COMMAND = (sys.executable, "-m", "modelry", "new")


@pytest.fixture(autouse=True)
def inside(tmp_path, monkeypatch):
    """A folder of its own to write into."""
    folder = tmp_path / "inside"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def new(invoke):
    return lambda *arguments: invoke("new", *arguments, "--author", AUTHOR)


def files_of(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


def project_of(name: str) -> dict:
    return tomllib.loads(Path(name, "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written(new, kind):
    result = new("modelry-textcnn", "--kind", kind)
    assert result.exit_code == 0, result.output
    files = files_of(Path("modelry-textcnn"))
    own = {Path(name).stem for name in files.keys() - COMMON if name.endswith(".py")}
    assert own == OWN[kind] | {"__init__"}
    assert files.keys() >= COMMON | {"modelry_textcnn/__init__.py", "modelry_textcnn/py.typed"}
    assert all(f"  {name}\n" in result.stdout for name in files)
    assert "  cd modelry-textcnn\n" in result.stdout
    assert "  python -m pytest\n" in result.stdout


@pytest.mark.parametrize("name", [SHORT, "acme-textcnn", LONG])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_clean(new, kind, name):
    result = new(name, "--kind", kind)
    assert result.exit_code == 0, result.output
    for path, text in files_of(Path(name)).items():
        assert not re.search(r"\$(?!\{\{)", text), path
        assert text == "" or text.endswith("\n"), path
        assert "\n\n\n\n" not in text, path
        if path.endswith(".py"):
            ast.parse(text)
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [find_ruff_bin(), *check, "--no-cache"], cwd=name, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_names_are_clean_too(kind):
    separator = KINDS[kind].separator
    project = plan(LONG, kind, AUTHOR, component=separator.join(["abcdefg"] * 5 + ["vwxyz"]))
    assert len(class_prefix(project.component)) == 40
    write_project(render(project), Path("long"))
    done = subprocess.run([find_ruff_bin(), "check", "--no-cache"], cwd="long", capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_point_leads_to_what_is_there(new, kind):
    new("acme-textcnn", "--kind", kind)
    points = project_of("acme-textcnn")["project"]["entry-points"]
    assert {name.partition(".")[0] for group in points.values() for name in group} == {
        "acme-textcnn" if KINDS[kind].separator == "-" else "acme_textcnn"
    }
    for target in (target for group in points.values() for target in group.values()):
        module, _, attribute = target.partition(":")
        tree = ast.parse(Path("acme-textcnn", *module.split(".")).with_suffix(".py").read_text("utf-8"))
        classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
        assert not attribute or attribute in classes


def test_the_project_says_who_wrote_it_and_what_it_needs(new):
    new("acme-textcnn", "--kind", "head", "--license", "mit", "--backend", "torch")
    project = project_of("acme-textcnn")
    assert project["project"]["name"] == "acme-textcnn"
    assert project["project"]["license"] == "MIT"
    assert project["project"]["authors"] == [{"name": "Ann Author", "email": "ann@example.org"}]
    assert project["project"]["dependencies"] == ["modelry>=0.1,<0.2", "keras>=3.15.1"]
    assert project["project"]["optional-dependencies"]["test"] == ["modelry[torch,testing]", "modelry-bert>=0.1,<0.2"]
    licence = Path("acme-textcnn/LICENSE").read_text("utf-8")
    assert re.match(r"MIT License\n\nCopyright \(c\) 20\d\d Ann Author\n", licence)


def test_the_licence_is_the_whole_text_with_year_and_author(new):
    new("acme-textcnn", "--kind", "head")
    ours = (ROOT / "LICENSE").read_text("utf-8").splitlines()
    theirs = Path("acme-textcnn/LICENSE").read_text("utf-8").splitlines()
    (changed,) = [line for line, other in zip(theirs, ours, strict=True) if line != other]
    assert re.fullmatch(r" {3}Copyright 20\d\d Ann Author", changed)


def test_requirements_of_modelry_are_those_of_modelry_itself():
    core = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    needs = {need for kind in KINDS.values() for need in kind.needs}
    assert needs <= set(core)


def test_an_author_may_have_quotes_and_no_address(invoke):
    assert invoke("new", "x1", "--kind", "head", "--author", 'Ann "Q" O\\Author').exit_code == 0
    assert project_of("x1")["project"]["authors"] == [{"name": 'Ann "Q" O\\Author'}]


@pytest.mark.parametrize(
    ("version", "versions"),
    [("0.1.0", ">=0.1,<0.2"), ("0.9.3", ">=0.9,<0.10"), ("1.4.2", ">=1.4,<2"), ("0.2.0.dev3", ">=0.2.0.dev3,<0.3")],
)
def test_versions_of_modelry_that_it_works_with(version, versions):
    assert supported_versions(version) == versions


def test_component_and_folder_can_be_given(new):
    result = new("Acme_TextCNN", "--kind", "Architecture", "--component", "wide_cnn", "--directory", "a/b")
    assert result.exit_code == 0, result.output
    points = project_of("a/b")["project"]["entry-points"]
    assert points["modelry.backbones"] == {"wide_cnn": "acme_textcnn.backbone:WideCnnBackbone"}
    assert project_of("a/b")["project"]["name"] == "acme-textcnn"


def test_class_names_do_not_repeat_what_they_are():
    assert class_prefix("attention_head", "head") == "Attention"
    assert class_prefix("head", "head") == "Head"
    assert class_prefix("vault-2", "storage") == "Vault2"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-x", "--kind", "head"], "No such option"),
        (["a b", "--kind", "head"], "'a b' cannot name a distribution"),
        (["acme-", "--kind", "head"], "'acme-' cannot name a distribution"),
        (["3d-net", "--kind", "head"], "package '3d_net', which cannot be imported"),
        (["class", "--kind", "head"], "package 'class', which cannot be imported"),
        (["json", "--kind", "head"], "package 'json', which hides another"),
        (["modelry", "--kind", "head"], "package 'modelry', which hides another"),
        (["Test", "--kind", "head"], "package 'test', which hides another"),
        (["build-preset", "--kind", "presets"], "package 'build_preset', which hides another"),
        (["print", "--kind", "head"], "package 'print', a word with another meaning in Python"),
        (["True", "--kind", "head"], "package 'true', a word with another meaning in Python"),
        (["acme.", "--kind", "head"], "'acme.' cannot name a distribution"),
        (["", "--kind", "head"], "'' cannot name a distribution"),
        (["Modelry_RoBERTa", "--kind", "head"], "'modelry-roberta' is a distribution that the modelry project"),
        (["NumPy", "--kind", "head"], "A distribution 'numpy' is installed here"),
        (["_pytest", "--kind", "head"], "'_pytest' cannot name a distribution"),
        (["yaml-", "--kind", "head"], "'yaml-' cannot name a distribution"),
        ([f"{LONG}s", "--kind", "head"], "has 46 characters"),
        (["acme", "--kind", "heads"], "'heads' is not a kind. Did you mean 'head'?"),
        (["acme", "--kind", "head", "--component", "Acme!"], "'Acme!' cannot name the component"),
        (["acme", "--kind", "storage", "--component", "a_b"], "'a_b' cannot name the component"),
        (["acme", "--kind", "head", "--component", "a" * 41], "too long"),
        (["acme", "--kind", "task", "--component", "token_targets"], "would be TokenTargets, which is also the name"),
        (["acme", "--kind", "head", "--licence", "GPL"], "'GPL' is not a licence"),
        (["acme", "--kind", "head", "--backend", "jaxx"], "'jaxx' is not a backend. Did you mean 'jax'?"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(new, inside, arguments, message):
    result = new(*arguments)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.output.split())
    assert list(inside.iterdir()) == []


def test_an_author_must_be_one(invoke, inside):
    result = invoke("new", "acme", "--kind", "head", "--author", "<ann@example.org>")
    assert result.exit_code == 1
    assert "'<ann@example.org>' is not an author" in result.output
    assert list(inside.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [([], "NAME"), (["acme"], "--kind"), (["acme", "--kind", "head"], "--author")],
)
def test_without_a_terminal_nothing_is_asked(run, inside, arguments, missing):
    done = run("new", *arguments)
    assert done.returncode == 2
    assert f"Invalid value for {missing}: is missing, and there is no terminal to ask at" in " ".join(
        done.stderr.replace("│", " ").split()
    )
    assert list(inside.iterdir()) == []


def test_files_are_never_overwritten(new, inside):
    (inside / "acme").mkdir()
    (inside / "acme" / "notes.txt").write_text("mine")
    result = new("acme", "--kind", "head")
    assert result.exit_code == 1
    assert "The folder 'acme' is not empty; nothing in it was changed." in result.output
    assert files_of(inside) == {"acme/notes.txt": "mine"}
    (inside / "file").write_text("mine")
    assert "'file' exists and is not a folder" in new("acme", "--kind", "head", "--directory", "file").output
    assert (inside / "file").read_text() == "mine"


def test_an_empty_folder_is_filled(new, inside):
    (inside / "acme").mkdir()
    assert new("acme", "--kind", "head").exit_code == 0
    assert (inside / "acme" / "README.md").is_file()


def test_a_failure_leaves_nothing_behind(inside):
    with pytest.raises(InputError, match="failed, and nothing of it is left"):
        write_project({"a.txt": "one", "a.txt/b.txt": "two"}, inside / "deep" / "acme")
    assert files_of(inside) == {}
    assert list((inside / "deep").iterdir()) == []


def test_where_nothing_can_be_written(new, inside):
    (inside / "file").write_text("mine")
    result = new("acme", "--kind", "head", "--directory", "file/acme")
    assert result.exit_code == 1
    assert "Writing 'file/acme' failed, and nothing of it is left" in result.output


def test_others_may_read_it(new):
    old = os.umask(0o022)
    try:
        new("acme", "--kind", "head")
    finally:
        os.umask(old)
    assert Path("acme").stat().st_mode & 0o777 == 0o755


def test_the_name_of_what_is_installed_is_refused(new, install, inside):
    install("acme_gates", {}, acme_gate="")
    for name, message in {
        "Acme_Gates": "A distribution 'acme-gates' is installed here, which the new one would replace",
        "acme-gate": "would be the Python package 'acme_gate', and there is one at",
    }.items():
        result = new(name, "--kind", "head")
        assert result.exit_code == 1
        assert message in result.output
    assert list(inside.iterdir()) == []


def test_a_component_that_is_taken_is_for_those_who_ask_for_it(new, install, inside):
    install("other", {"modelry.heads": {"gated": "other:Head"}})
    for name, kind, owner in (
        ("gated", "head", "a head of other"),
        ("text-classifier", "task", "a task of modelry"),
        ("modelry-hf", "storage", "a storage handler of modelry"),
        ("esm", "architecture", "a backbone of modelry-esm"),
        ("distilbert", "architecture", "a checkpoint of modelry-distil-bert"),
        ("modelry-bert-micro-sst2", "presets", "the preset package://modelry-bert/"),
    ):
        result = new(name, "--kind", kind)
        assert result.exit_code == 1
        assert f"is also the name of {owner}" in result.output
        assert "Pass another name with --component" in result.output
    assert list(inside.iterdir()) == []

    result = new("acme-gated", "--kind", "head", "--component", "gated")
    assert result.exit_code == 0
    assert "'gated' is also the name of a head of other. Where both are installed, users have to write" in result.output
    assert "'acme-gated:gated'" in result.output


def test_on_a_terminal_it_asks(environment, inside):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(COMMAND, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = ""
    for question, answer in {"NAME": "acme-gate", "Number or name": "9", "": "3", "Author": AUTHOR}.items():
        while not (question and question in shown and shown.rstrip().endswith(":")) and not (
            not question and shown.count("Number or name") == 2
        ):
            shown += os.read(ours, 65536).decode()
        os.write(ours, f"{answer}\n".encode())
    try:
        while block := os.read(ours, 65536):
            shown += block.decode()
    except OSError:  # how Linux says that nobody has the terminal open any more
        pass
    os.close(ours)
    assert process.wait() == 0, shown
    assert "'9' is not a kind." in shown
    assert project_of("acme-gate")["project"]["entry-points"] == {
        "modelry.heads": {"acme_gate": "acme_gate.head:AcmeGateHead"}
    }


def test_names_have_one_spelling():
    assert distribution_name("Acme__Text.CNN") == "acme-text-cnn"
