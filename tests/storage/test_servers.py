from __future__ import annotations

import zipfile

import pytest

from modelry.errors import StorageError
from modelry.storage.filesystems.storage import FsspecStorage
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions
from modelry.testing import StorageContract

from .conftest import upload
from .servers import PASSWORD

WEIGHTS = "model.weights.h5"


class _OnAServer(StorageContract):
    @pytest.fixture
    def storage(self):
        return FsspecStorage()

    @pytest.fixture
    def reference(self, folder, publish):
        return publish(folder)

    # A reference with a password is not shown as it was written.
    test_reference_is_what_the_user_wrote = None


def publisher(shelf, reference):
    def put(folder):
        (shelf / "a" / folder.name).mkdir(parents=True)
        upload(folder, lambda name, content: write(shelf / "a" / folder.name / name, content))
        return f"{reference}/{folder.name}"

    return put


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


class TestSftp(_OnAServer):
    @pytest.fixture
    def place(self, sftp_host):
        return f"sftp://{sftp_host}/desk/b"

    @pytest.fixture
    def publish(self, shelf, sftp_host):
        return publisher(shelf, f"sftp://{sftp_host}/a")


class TestWebdav(_OnAServer):
    @pytest.fixture
    def place(self, webdav_host):
        return f"webdav://{webdav_host}/desk/b"

    @pytest.fixture
    def publish(self, shelf, webdav_host):
        return publisher(shelf, f"webdav://{webdav_host}/a")


def test_a_host_that_nobody_knows_is_not_trusted(sftp_host, tmp_path):
    (tmp_path / "home/.ssh/known_hosts").write_text("")
    with pytest.raises(StorageError, match=r"cannot be opened: HostKeyNotVerifiable.*known_hosts") as caught:
        open_preset(f"sftp://{sftp_host}/a")
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("scheme", ["sftp", "webdav"])
def test_a_wrong_password_is_named_and_not_shown(scheme, request):
    host = request.getfixturevalue(f"{scheme}_host").replace(PASSWORD, "planted-wrong")
    with pytest.raises(StorageError, match=r"Check the reference, and pass credentials") as caught:
        open_preset(f"{scheme}://{host}/a")
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["sftp", "webdav"])
def test_an_archive_on_a_server(scheme, shelf, preset, request):
    with zipfile.ZipFile(shelf / "presets.zip", "w") as archive:
        upload(preset, archive.writestr)
    host = request.getfixturevalue(f"{scheme}_host")
    files = open_preset(f"zip://::{scheme}://{host}/presets.zip", OpenOptions())
    assert files.path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
