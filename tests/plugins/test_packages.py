"""Each plugin of this project has the classes that it registers, and imports them when they are used."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import modelry_bert
from modelry import models, registry
from modelry_bert import BertBackbone

PROJECTS = sorted(path.parent for path in Path(__file__).parents[2].glob("plugins/*/pyproject.toml"))
PACKAGES = [f"modelry_{project.name}" for project in PROJECTS]


@pytest.mark.parametrize("package", PACKAGES)
def test_its_classes_are_those_that_it_registers(package):
    module = importlib.import_module(package)
    distribution = package.replace("_", "-")
    entries = [entry for entry in registry.entries() if entry.distribution == distribution and ":" in entry.target]
    assert dir(module) == sorted(entry.attribute for entry in entries)
    assert {entry.attribute: getattr(module, entry.attribute) for entry in entries} == {
        entry.attribute: entry.load() for entry in entries
    }
    assert {entry.kind for entry in entries} >= {"backbones", "tokenizers", "preprocessors", "tasks"}


def test_classes_are_in_the_namespace_of_models_too():
    assert BertBackbone is models.BertBackbone


@pytest.mark.parametrize("name", ["BertBackbon", "Bert", "__wrapped__", "_private"])
def test_what_it_does_not_have(name):
    with pytest.raises(AttributeError, match=f"module 'modelry_bert' has no attribute '{name}'"):
        getattr(modelry_bert, name)


def test_a_misspelt_class_is_found():
    with pytest.raises(AttributeError, match=r"Did you mean 'BertTokenizer'\? It has .*: BertBackbone, "):
        modelry_bert.BertTokeniser  # noqa: B018


def test_keras_is_imported_only_for_a_class():
    code = f"""if True:
        import importlib, importlib.util, sys
        modules = [importlib.import_module(name) for name in {PACKAGES!r}]
        for module in modules:
            if importlib.util.find_spec(module.__name__ + ".plugin"):  # those without built-in presets have none
                importlib.import_module(module.__name__ + ".plugin")
            dir(module)
            hasattr(module, "nothing")
        print("keras" in sys.modules, "pluggy" in sys.modules)
        for module in modules:
            [getattr(module, name) for name in dir(module) if name.endswith("Checkpoint")]
        print("keras" in sys.modules)
        sys.modules["modelry_bert"].BertBackbone
        print("keras" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False", "True"]
