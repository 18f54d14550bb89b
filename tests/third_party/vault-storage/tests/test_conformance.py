"""The contract of every storage backend, run on this one."""

import zipfile

import pytest
from modelry.testing import StorageContract

from vault_storage import VaultStorage


class TestVaultStorage(StorageContract):
    @pytest.fixture
    def storage(self):
        return VaultStorage()

    @pytest.fixture
    def home(self, tmp_path, monkeypatch):
        """The folder of the archives, still empty."""
        home = tmp_path / "vault"
        home.mkdir()
        monkeypatch.setenv("VAULT_HOME", str(home))
        return home

    @pytest.fixture
    def place(self, home):
        """Where presets can be published, for the claims about that."""
        return "vault://new"

    @pytest.fixture
    def publish(self, home):
        def put(folder):
            """Put the files of a folder into the vault, and return the reference of the preset that they are."""
            with zipfile.ZipFile(home / f"{folder.name}.zip", "w") as archive:
                for path in sorted(folder.rglob("*")):
                    archive.write(path, path.relative_to(folder))
            return f"vault://{folder.name}"

        return put
