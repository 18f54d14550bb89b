"""`modelry_bert` has the classes that it registers, and imports them when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import modelry_bert
from modelry import models, registry
from modelry_bert import BertBackbone

CLASSES = [
    "BertBackbone",
    "BertCheckpoint",
    "BertClassificationHead",
    "BertTextClassifier",
    "BertTextClassifierPreprocessor",
    "BertTokenizer",
]


def test_its_classes_are_those_that_it_registers():
    assert dir(modelry_bert) == CLASSES
    entries = [entry for entry in registry.entries() if entry.distribution == "modelry-bert" and ":" in entry.target]
    assert {entry.attribute: getattr(modelry_bert, entry.attribute) for entry in entries} == {
        entry.attribute: entry.load() for entry in entries
    }
    assert BertBackbone is models.BertBackbone


@pytest.mark.parametrize("name", ["BertBackbon", "Bert", "__wrapped__", "_private"])
def test_what_it_does_not_have(name):
    with pytest.raises(AttributeError, match=f"module 'modelry_bert' has no attribute '{name}'"):
        getattr(modelry_bert, name)


def test_a_misspelt_class_is_found():
    with pytest.raises(AttributeError, match=r"Did you mean 'BertTokenizer'\? It has .*: BertBackbone, "):
        modelry_bert.BertTokeniser  # noqa: B018


def test_keras_is_imported_only_for_a_class():
    code = """if True:
        import sys, modelry_bert
        import modelry_bert.plugin
        dir(modelry_bert)
        hasattr(modelry_bert, "nothing")
        print("keras" in sys.modules, "pluggy" in sys.modules)
        modelry_bert.BertCheckpoint
        print("keras" in sys.modules)
        modelry_bert.BertBackbone
        print("keras" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False", "True"]
