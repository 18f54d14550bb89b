"""What every contract claims of how a component is installed."""

from __future__ import annotations

import pytest

from .conftest import failed

SUITE = """
import pytest
from test_vault import Vault
import {module}


class TestOne(Vault):
    @pytest.fixture
    def storage(self):
        return {module}.Heavy()
"""
HANDLER = "{line}\nfrom acme_vault import GoodVault\nclass Heavy(GoodVault): pass\n"
ONLY = ("-k", "registered or discovery")


@pytest.fixture
def claims(project):
    """Test a handler whose module begins with a line, installed with these entry points."""

    def run(entry_points, line="", **modules):
        for name, text in modules.items():
            (project.folder / f"{name}.py").write_text(text)
        (project.folder / "heavy.py").write_text(HANDLER.format(line=line))
        (project.folder / "test_heavy.py").write_text(SUITE.format(module="heavy"))
        project.install("heavy", entry_points)
        return failed(project.report("test_heavy.py", *ONLY)["One"])

    return run


def test_a_light_one_passes(claims):
    assert claims("[modelry.storage]\nheavy = heavy:Heavy\n") == {}


def test_keras_in_the_handler(claims):
    found = claims("[modelry.storage]\nheavy = heavy:Heavy\n", line="import keras")
    message = found.pop("test_discovery_imports_no_keras")
    assert "Importing heavy:Heavy (storage) imports keras, in " in message
    assert "heavy.py, line 1: import keras" in message
    assert found == {}


def test_keras_in_a_hook_module(claims):
    points = "[modelry.storage]\nheavy = heavy:Heavy\n[modelry.plugin]\nheavy = heavy_hooks\n"
    message = claims(points, heavy_hooks="import os\nimport keras\n")["test_discovery_imports_no_keras"]
    assert "Listing what is installed imports keras, in " in message
    assert "heavy_hooks.py, line 2: import keras" in message


def test_a_broken_hook(claims):
    points = "[modelry.storage]\nheavy = heavy:Heavy\n[modelry.plugin]\nheavy = heavy_hooks\n"
    message = claims(points, heavy_hooks="import surely_not_there\n")["test_discovery_imports_no_keras"]
    assert "No module named 'surely_not_there'" in message


def test_a_misspelt_entry_point(claims):
    found = claims("[modelry.storage]\nheavy = heavy:Havy\n")
    assert "No installed distribution registers Heavy among the storage" in found["test_it_is_registered"]
    assert 'NAME = "heavy:Heavy"' in found["test_it_is_registered"]


def test_the_wrong_group(claims):
    found = claims("[modelry.heads]\nheavy = heavy:Heavy\n")
    assert "Heavy is registered in modelry.heads, but is one of the storage" in found["test_it_is_registered"]
