"""Each plugin of this project has the classes that it registers, and imports them when they are used."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import modelry_bert
from modelry import models, registry
from modelry.discovery.entry import KINDS
from modelry.discovery.hints import CLASSES, FIRST_PARTY, first_party
from modelry.discovery.index import Index
from modelry.discovery.policy import Policy
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


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_what_it_registers_leads_to_it_where_it_is_not_installed(project):
    nothing = Index({}, {}, frozenset(), Policy(), {}, {})
    metadata = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {kind: metadata["entry-points"].get(f"modelry.{kind}", {}) for kind in KINDS}
    asked = [(kind, name) for kind, names in groups.items() for name in names]
    asked += [(CLASSES, target.rpartition(":")[2]) for names in groups.values() for target in names.values()]
    assert {first_party(nothing, kind, name) for kind, name in asked} == {metadata["name"]}


def test_no_other_distribution_is_said_to_be_of_this_project():
    names = {tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["name"] for project in PROJECTS}
    assert set(FIRST_PARTY) == names


@pytest.mark.parametrize(("kind", "name"), [(CLASSES, "Bertha"), (CLASSES, "EsmeBackbone"), ("storage", "bert")])
def test_what_only_looks_like_a_name_of_this_project_leads_nowhere(kind, name):
    assert first_party(Index({}, {}, frozenset(), Policy(), {}, {}), kind, name) is None


def test_classes_are_in_the_namespace_of_models_too():
    assert BertBackbone is models.BertBackbone


@pytest.mark.parametrize("name", ["BertBackbon", "Bert", "__wrapped__", "_private"])
def test_what_it_does_not_have(name):
    with pytest.raises(AttributeError, match=f"module 'modelry_bert' has no attribute '{name}'"):
        getattr(modelry_bert, name)


def test_a_misspelt_class_is_found():
    with pytest.raises(AttributeError, match=r"Did you mean 'BertTokenizer'\? Its entry points register: BertBackbone"):
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
