"""What modelry asks of every storage handler, asked of `hf://`."""

import pytest

from modelry.storage.hf.storage import HubStorage
from modelry.testing import StorageContract


class TestHubStorage(StorageContract):
    @pytest.fixture
    def storage(self):
        return HubStorage()

    @pytest.fixture
    def publish(self, hub):
        def put(folder):
            hub.publish(f"acme/{folder.name}", folder)
            return f"hf://acme/{folder.name}"

        return put
