"""The pytest plugin: known exceptions, missing fixtures, and no cost where no contract is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import modelry.testing
from modelry.errors import InputError
from modelry.testing import StorageContract

SUITE = """
import acme_vault
import pytest
from test_vault import Vault
from modelry.testing import StorageContract


class TestOne(Vault):
    known_exceptions = {known}

    @pytest.fixture
    def storage(self):
        return acme_vault.{cls}()
"""


ABOVE = """
import acme_vault
import pytest
from modelry.testing import StorageContract


@pytest.fixture
def storage():
    return acme_vault.GoodVault()


class TestAbove(StorageContract):
    def test_the_fixture_is_used(self, storage):
        assert type(storage) is acme_vault.GoodVault

"""


@pytest.fixture
def suite(project):
    """Run a suite for a handler with known exceptions: `suite(cls, known, *options)`."""

    def run(cls="GoodVault", known=None, *options):
        (project.folder / "test_one.py").write_text(SUITE.format(cls=cls, known=known or {}))
        return project.run("test_one.py", *options)

    return run


def test_a_known_exception_is_shown_with_its_reason(suite):
    done = suite("CountsWrongly", {"test_sizes_are_those_of_the_files": "the vault rounds"}, "-rx")
    assert done.returncode == 0, done.stdout
    assert "1 xfailed" in done.stdout
    assert "known exception: the vault rounds" in done.stdout


def test_a_known_exception_that_passes_is_an_error(suite):
    done = suite("GoodVault", {"test_sizes_are_those_of_the_files": "the vault rounds"})
    assert done.returncode == 1
    assert "A declared exception is no longer needed: test_sizes_are_those_of_the_files passes." in done.stdout
    assert "remove it from known_exceptions of TestOne" in done.stdout


def test_a_known_exception_must_be_a_test_and_have_a_reason():
    with pytest.raises(InputError, match=r"names 'test_thread_share_it'.* Did you mean 'test_threads_share_it'\?"):
        type("TestIt", (StorageContract,), {"known_exceptions": {"test_thread_share_it": "why"}})
    with pytest.raises(InputError, match="gives no reason for 'test_threads_share_it'"):
        type("TestIt", (StorageContract,), {"known_exceptions": {"test_threads_share_it": " "}})


def test_a_missing_fixture_says_what_it_is(project):
    (project.folder / "test_missing.py").write_text(
        "from modelry.testing import HeadContract\n\nclass TestIt(HeadContract):\n    pass\n"
    )
    done = project.run("test_missing.py")
    assert "TestIt has no fixture 'head'.\n  Rule: 'head' is an instance of your head" in done.stdout
    assert "passed" not in done.stdout


def test_a_fixture_may_stand_above_the_class(project):
    (project.folder / "test_above.py").write_text(ABOVE)
    done = project.run("test_above.py", "-k", "the_fixture_is_used")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_contract_that_is_imported_is_not_run(suite, project):
    (project.folder / "test_none.py").write_text("from modelry.testing import StorageContract, HeadContract\n")
    assert "no tests ran" in project.run("test_none.py").stdout


def test_the_plugin_imports_no_keras(project):
    code = "import sys, pytest; pytest.main(['-q', '--co', '-p', 'modelry.testing.pytest_plugin', 'test_empty.py'])\n"
    code += "print([name for name in ('keras', 'numpy', 'attrs', 'modelry.discovery', 'modelry.testing.contract') "
    code += "if name in sys.modules])"
    (project.folder / "test_empty.py").write_text("def test_it(): pass\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=project.folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]"), done.stdout


def test_isolated_registry_forgets(isolated_registry):
    isolated_registry.register("heads", "forgotten", object())
    assert "forgotten" in isolated_registry.names("heads")


def test_what_was_registered_is_forgotten():
    assert "forgotten" not in modelry.registry.names("heads")


def test_the_names_of_the_kit():
    assert set(modelry.testing.__all__) <= set(dir(modelry.testing))
    with pytest.raises(AttributeError, match=r"no attribute 'HeadContrakt'\. Did you mean 'HeadContract'\?"):
        modelry.testing.HeadContrakt  # noqa: B018
