"""The contract of storage handlers finds each fault; it needs no Keras."""

from __future__ import annotations

from typing import Any

import pytest

from modelry.testing import StorageContract

from .conftest import failed

FAULTS: dict[str, tuple[str, str]] = {
    "ForgetsFolders": ("test_it_opens_what_is_published", "lacks ['assets/second_tokenizer/vocabulary.txt'"),
    "ChangesLines": ("test_files_are_the_same_to_the_byte", "bytes that are not the published"),
    "CountsWrongly": ("test_sizes_are_those_of_the_files", "but the file has"),
    "NamesSomethingElse": ("test_reference_is_what_the_user_wrote", "return reference.text"),
    "RaisesKeyErrors": ("test_a_missing_file_is_not_found", "raises KeyError('no_such_file.json')"),
    "LetsOut": ("test_names_do_not_lead_out", "path('../config.json')"),
    "OpensNothing": ("test_a_missing_preset_is_not_found", "-no-such-preset' succeeds"),
    "NeedsArguments": ("test_modelry_opens_its_references", "keep no state in __init__"),
    "AsksAServer": ("test_it_stays_off_the_network_while_offline", "it connects to ('127.0.0.1', 9)"),
    "KeepsNoLock": ("test_a_lock_holds", "is locked with another SHA-256 is returned"),
    "ReadsTheNewest": ("test_presets_are_kept_apart", "has other bytes while another preset is open"),
    "CachesByBaseName": ("test_files_are_the_same_to_the_byte", "to a name of its own"),
    "Collides": ("test_threads_share_it", "os.replace"),
    "Deletes": ("test_the_store_is_not_changed", "handlers only read"),
    "PublishesElsewhere": ("test_publishing_works_or_is_refused", "publish returns the reference that opens what was"),
    "KeepsStaleFiles": ("test_an_older_preset_is_replaced_as_a_whole", "beyond the preset ['assets/tokenizer/vocab"),
    "ShowsHalf": ("test_readers_see_all_of_a_preset_or_none", "a reader found 1 files: lacking"),
    "HidesFailures": (
        "test_a_failure_leaves_no_half_preset",
        "is gone while a preset is published, that succeeds with",
    ),
}


@pytest.fixture(scope="session")
def results(make_project: Any) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = make_project().report("test_vault.py")
    return found


def test_a_handler_without_a_fault_passes(results):
    claims = {name for name in dir(StorageContract) if name.startswith("test_")}
    assert {name: claim["status"] for name, claim in results["GoodVault"].items()} == dict.fromkeys(claims, "passed")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_named(results, name):
    claim, message = FAULTS[name]
    assert message in failed(results[name])[claim]


def test_a_handler_that_publishes_needs_a_place(make_project):
    project = make_project()
    (project.folder / "test_nowhere.py").write_text(
        "import acme_vault\nimport pytest\nfrom modelry.testing import StorageContract\n\n\n"
        "class TestIt(StorageContract):\n    @pytest.fixture\n    def storage(self):\n"
        "        return acme_vault.GoodVault()\n"
    )
    done = project.run("test_nowhere.py", "-k", "publishing_works")
    assert "GoodVault publishes, but these tests do not know where." in done.stdout
    assert done.returncode == 1


def test_every_claim_can_fail(results):
    broken = {claim for claims in results.values() for claim in failed(claims)}
    everywhere = {"test_it_is_registered", "test_discovery_imports_no_keras"}  # see test_installed.py
    claims = {name for name in dir(StorageContract) if name.startswith("test_")}
    assert claims - broken == everywhere
