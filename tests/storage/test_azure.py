"""Presets in Azure's blob storage, read and published with the real client."""

from __future__ import annotations

import uuid

import pytest
from azure.storage.blob import BlobServiceClient

from modelry.errors import PresetNotFound, StorageError
from modelry.storage.filesystems.storage import FsspecStorage
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions
from modelry.testing import StorageContract

from .azurite import KEY, azurite
from .conftest import upload

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def azure(tmp_path_factory):
    """A connection string, and a client."""
    with azurite(tmp_path_factory.mktemp("azurite") / "log") as connection:
        client = BlobServiceClient.from_connection_string(connection)
        client.create_container("presets")
        yield connection, client
        client.close()


@pytest.fixture
def container(azure, monkeypatch):
    """Put a blob into the container `presets`, to which the environment leads."""
    connection, client = azure
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
    return lambda name, content: client.get_blob_client("presets", name).upload_blob(content)


class TestAz(StorageContract):
    @pytest.fixture
    def storage(self):
        return FsspecStorage()

    @pytest.fixture
    def place(self, container):
        return f"az://presets/{uuid.uuid4().hex}"

    @pytest.fixture
    def publish(self, container):
        def put(folder):
            shelf = uuid.uuid4().hex
            upload(folder, lambda name, content: container(f"{shelf}/{name}", content))
            return f"az://presets/{shelf}"

        return put


def test_what_changes_meanwhile_is_noticed_and_a_connection_can_be_given(azure, monkeypatch):
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
    connection, client = azure
    options = OpenOptions(storage_options={"connection_string": connection})
    client.get_blob_client("presets", "p/config.json").upload_blob(b'{"version": 1}')
    files = open_preset("az://presets/p", options)
    client.get_blob_client("presets", "p/config.json").upload_blob(b'{"version": 2}', overwrite=True)
    with pytest.raises(StorageError, match="has changed in the store"):
        files.path("config.json")
    assert open_preset("az://presets/p", options).path("config.json").read_bytes() == b'{"version": 2}'
    assert open_preset("az://presets/p", OpenOptions(offline=True, storage_options=options.storage_options)).is_local(
        "config.json"
    )


def test_no_key_is_ever_shown(azure, cache):
    connection, _ = azure
    wrong = connection.replace(KEY, "cGxhbnRlZC1zZWNyZXQ=")
    with pytest.raises((StorageError, PresetNotFound)) as caught:
        open_preset("az://presets/p", OpenOptions(storage_options={"connection_string": wrong}))
    assert "cGxhbnRlZC1zZWNyZXQ" not in f"{caught.value!r} {caught.value.__cause__!r}"
    kept = [path.read_bytes() for path in cache.rglob("*") if path.is_file()]
    assert not [content for content in kept if KEY.encode() in content]


def test_a_file_is_no_preset(container):
    shelf = uuid.uuid4().hex
    container(f"{shelf}/config.json", b"{}")
    with pytest.raises(StorageError, match=r"config\.json' is a file, and a preset is a folder"):
        open_preset(f"az://presets/{shelf}/config.json")
    with pytest.raises(PresetNotFound):
        open_preset(f"az://presets/{shelf}/nothing.json")
    assert open_preset(f"az://presets/{shelf}").names() == {"config.json"}
