"""The contract of every storage handler, run on `kaggle://`."""

import pytest

from modelry.storage.kaggle.storage import KaggleStorage
from modelry.testing import StorageContract


class TestKaggleStorage(StorageContract):
    @pytest.fixture
    def storage(self):
        return KaggleStorage()

    @pytest.fixture
    def place(self, kaggle, monkeypatch):
        kaggle.tokens.add("kgat_anybody")
        monkeypatch.setenv("KAGGLE_API_TOKEN", "kgat_anybody")
        return "kaggle://acme/bert/keras/desk"

    @pytest.fixture
    def publish(self, kaggle):
        def put(folder):
            kaggle.publish(f"acme/bert/keras/{folder.name}", folder)
            return f"kaggle://acme/bert/keras/{folder.name}"

        return put
