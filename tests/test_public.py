"""The façade, the modules behind it, and what a type checker is told, agree."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import modelry
import modelry.models
from modelry.discovery.registry import registry
from modelry.tasks.text_classifier.spec import TextClassifierSpec

ROOT = Path(modelry.__file__).parent
MODULES = {
    "modelry.models" if target == "modelry.models" else target.partition(":")[0] for target in modelry._PUBLIC.values()
}


def _told_to_type_checkers(file: Path) -> dict[str, str]:
    (block,) = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.If)]
    told = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            for name in node.names:
                module = f"{node.module}.{name.name}"
                told[name.asname] = module if node.module == "modelry" else f"{node.module}:{name.name}"
        elif isinstance(node, ast.AnnAssign):
            told[node.target.id] = "modelry._version:version"
    return told


def test_type_checkers_see_what_the_table_says():
    told = _told_to_type_checkers(ROOT / "__init__.py")
    of_tasks = {name: told[name] for name in told.keys() - modelry._PUBLIC.keys()}
    assert told == {**modelry._PUBLIC, **of_tasks}
    exports = {**TextClassifierSpec.exports, "TextClassifier": registry.find("tasks", "text_classifier").target}
    assert of_tasks.items() <= exports.items()
    assert _told_to_type_checkers(ROOT / "models.py") == modelry.models._BASES


def test_both_facades_mean_the_same_classes():
    shared = modelry._PUBLIC.keys() & modelry.models._BASES.keys()
    assert {name: modelry._PUBLIC[name] for name in shared} == modelry.models._BASES


def test_there_are_few_public_names_and_dir_knows_all():
    assert len(modelry._PUBLIC) <= 30
    assert sorted(modelry.__all__) == sorted(modelry._PUBLIC)
    assert set(modelry._PUBLIC) <= set(dir(modelry))
    assert [name for name in dir(modelry) if name not in modelry._PUBLIC and not name.startswith("__")] == []


@pytest.mark.parametrize("name", modelry._PUBLIC)
def test_every_public_name_is_there(name):
    module, _, attribute = modelry._PUBLIC[name].partition(":")
    try:
        missing = find_spec(module) is None
    except ModuleNotFoundError:
        missing = True
    if missing:
        pytest.skip(f"{module} is not written yet")
    found = importlib.import_module(module)
    assert getattr(modelry, name) is (getattr(found, attribute) if attribute else found)


def test_an_unknown_name_has_a_near_miss():
    with pytest.raises(
        AttributeError, match=r"module 'modelry' has no attribute 'registri'\. Did you mean 'registry'\?"
    ):
        modelry.registri  # noqa: B018
    assert not hasattr(modelry, "nothing")


def test_using_the_registry_imports_nothing_heavy():
    code = """
import sys, modelry
modelry.registry.names(), dir(modelry), dir(modelry.models), modelry.errors, modelry.register, modelry.isolated
heavy = ("keras", "fsspec", "huggingface_hub", "kagglehub", "pluggy", "importlib.metadata", "numpy", "jax", "torch")
print([name for name in heavy if name in sys.modules])
"""
    environment = {"PYTHONPATH": str(ROOT.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_hook_module_imports_nothing_heavy():
    code = "import sys, modelry.plugin; print('keras' in sys.modules, modelry.plugin.BuiltinPreset('a', 'b', 'c').name)"
    environment = {"PYTHONPATH": str(ROOT.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False a"


PACKAGES = sorted(
    f"modelry.{file.parent.name}" for file in ROOT.glob("*/__init__.py") if "attach(__name__" in file.read_text("utf-8")
)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_public_package_has_the_names_of_its_table(package):
    found = importlib.import_module(package)
    table = found._PUBLIC
    assert _told_to_type_checkers(Path(found.__file__)) == table
    assert sorted(found.__all__) == sorted(table) == sorted(name for name in dir(found) if not name.startswith("__"))
    for name, target in table.items():
        module, _, attribute = target.partition(":")
        assert getattr(found, name) is getattr(importlib.import_module(module), attribute)
    with pytest.raises(AttributeError, match=rf"module {package!r} has no attribute 'nothing'"):
        found.nothing  # noqa: B018
