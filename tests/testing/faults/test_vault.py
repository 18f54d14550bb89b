"""The suites of an author whose storage handlers have faults; run by tests/testing/test_storage_contract.py."""

from __future__ import annotations

import shutil

import acme_vault
import pytest

from modelry.testing import StorageContract


class Vault(StorageContract):
    @pytest.fixture
    def place(self, storage, tmp_path):
        return f"{type(storage).__name__.lower()}://{tmp_path.name}-place"

    @pytest.fixture
    def publish(self, storage):
        def put(folder):
            name = folder.parent.name
            shutil.copytree(folder, acme_vault.VAULT / name)
            return f"{type(storage).__name__.lower()}://{name}"

        return put


def suite(cls):
    create = (lambda self: cls("secret")) if cls is acme_vault.NeedsArguments else lambda self: cls()
    return type(f"Test{cls.__name__}", (Vault,), {"__module__": __name__, "storage": pytest.fixture(create)})


for name, found in list(vars(acme_vault).items()):
    if isinstance(found, type) and issubclass(found, acme_vault.GoodVault):
        globals()[f"Test{name}"] = suite(found)
