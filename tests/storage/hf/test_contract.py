"""The contract of every storage handler, run on `hf://`."""

import pytest

from modelry.storage.hf.storage import HubStorage
from modelry.testing import StorageContract

# It is the hub's client that hands large files to httpx in the older way.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


class TestHubStorage(StorageContract):
    @pytest.fixture
    def storage(self):
        return HubStorage()

    @pytest.fixture
    def place(self, hub, monkeypatch):
        hub.tokens.add("hf_anybody")
        monkeypatch.setenv("HF_TOKEN", "hf_anybody")
        return "hf://acme/desk"

    @pytest.fixture
    def publish(self, hub):
        def put(folder):
            hub.publish(f"acme/{folder.name}", folder)
            return f"hf://acme/{folder.name}"

        return put
