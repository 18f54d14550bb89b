"""A reference to a file is told from one to nothing, in every store."""

from __future__ import annotations

import tarfile
import zipfile

import pytest

from modelry.errors import PresetNotFound, StorageError
from modelry.storage.open import open_preset

FILE = r"config\.json' is a file, and a preset is a folder\. Name the folder that the file is in"


@pytest.fixture
def in_memory(memory):
    memory.pipe("/p/config.json", b"{}")
    return "memory://p"


@pytest.fixture
def in_s3(bucket):
    bucket.put_object(Key="p/config.json", Body=b"{}")
    return "s3://presets/p"


@pytest.fixture
def in_gs(google_bucket):
    google_bucket("p/config.json", b"{}")
    return "gs://presets/p"


@pytest.fixture
def on_shelf(shelf):
    (shelf / "p").mkdir()
    (shelf / "p/config.json").write_text("{}")
    return "p"


@pytest.fixture
def by_sftp(on_shelf, sftp_host):
    return f"sftp://{sftp_host}/{on_shelf}"


@pytest.fixture
def by_webdav(on_shelf, webdav_host):
    return f"webdav://{webdav_host}/{on_shelf}"


@pytest.mark.parametrize("store", ["in_memory", "in_s3", "in_gs", "by_sftp", "by_webdav"])
def test_a_file_is_no_preset(store, request):
    folder = request.getfixturevalue(store)
    with pytest.raises(StorageError, match=FILE) as caught:
        open_preset(f"{folder}/config.json")
    assert "planted" not in str(caught.value)
    with pytest.raises(PresetNotFound):
        open_preset(f"{folder}/nothing.json")
    assert open_preset(folder).names() == {"config.json"}


def test_a_file_of_a_web_server_is_no_preset_and_a_page_is_no_file(web):
    for name in ("config.json", "presets.zip", "weights"):
        (web.folder / name).write_text("{}")
        with pytest.raises(StorageError, match=rf"{name}' is a file, and a preset is a folder.*zip://folder::http"):
            open_preset(f"{web.url}/{name}")
    (web.folder / "page.html").write_text("<a href='config.json'>config.json</a>")
    for name in ("page.html", "nothing"):
        with pytest.raises(PresetNotFound, match=r"There is no modelry\.json"):
            open_preset(f"{web.url}/{name}")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_file_of_an_archive_is_no_preset(tmp_path, kind):
    (tmp_path / "config.json").write_text("{}")
    archive = tmp_path / f"x.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            file.write(tmp_path / "config.json", "p/config.json")
    else:
        with tarfile.open(archive, "w") as file:
            file.add(tmp_path / "config.json", "p/config.json")
    with pytest.raises(StorageError, match=rf"{kind}://p/config\.json::.*is a file, and a preset is a folder"):
        open_preset(f"{kind}://p/config.json::{archive}")
    assert open_preset(f"{kind}://p::{archive}").names() == {"config.json"}
