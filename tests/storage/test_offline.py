"""What was fetched opens without a network, whatever store it came from; see test_hub_processes.py for the hubs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import uuid
from pathlib import Path
from typing import ClassVar

import pytest

from modelry import isolated, registry
from modelry.errors import StorageError
from modelry.storage.files import FolderFiles
from modelry.storage.handler import Storage
from modelry.storage.open import open_preset, open_unlocked
from modelry.storage.options import OpenOptions

from .conftest import upload
from .test_filesystems import zipped

LOAD_OFFLINE = """
import sys
def refuse(event, arguments):
    if event.startswith("socket."):
        raise AssertionError(f"{event} {arguments}")
sys.addaudithook(refuse)
from modelry.storage.open import open_preset
for reference in sys.argv[1:]:
    files = open_preset(reference)
    print(*sorted(files.path(name).stat().st_size for name in files.names()))
"""


class Far(Storage):
    """A handler that says nothing of being offline."""

    asked: ClassVar[list[str]] = []

    def open(self, reference):
        self.asked.append(reference.text)
        return FolderFiles(Path(reference.path), reference.text)


class Near(Far):
    works_offline = True


@pytest.fixture
def handlers(monkeypatch):
    monkeypatch.setattr(Far, "asked", [])
    with isolated():
        registry.register("storage", "far", Far)
        registry.register("storage", "near", Near)
        yield


@pytest.mark.parametrize(("variable", "options"), [("1", OpenOptions()), ("", OpenOptions(offline=True))])
def test_a_handler_that_does_not_say_that_it_works_offline_is_not_called_then(
    handlers, preset, monkeypatch, variable, options
):
    monkeypatch.setenv("MODELRY_OFFLINE", variable)
    message = rf"^'far://{preset}' is not opened while offline: Far, .*offline=False, .*works_offline = True"
    for open_one in (open_preset, open_unlocked):
        with pytest.raises(StorageError, match=message):
            open_one(f"far://{preset}", options)
        assert "config.json" in open_one(f"near://{preset}", options)
    assert Far.asked == [f"near://{preset}"] * 2


def test_a_handler_is_called_once_the_caller_says_that_this_is_not_offline(handlers, preset, monkeypatch):
    monkeypatch.setenv("MODELRY_OFFLINE", "1")
    assert "config.json" in open_preset(f"far://{preset}", OpenOptions(offline=False))


def test_a_mirror_that_works_offline_goes_on_for_one_that_does_not(handlers, preset, monkeypatch):
    monkeypatch.setenv("MODELRY_OFFLINE", "1")
    assert open_preset([f"far://{preset}", str(preset)]).reference == str(preset)


def test_no_socket_is_opened_for_any_scheme(
    web, preset, memory, bucket, google_bucket, shelf, sftp_host, webdav_host, monkeypatch, tmp_path
):
    upload(preset, lambda name, content: memory.pipe(f"/p/{name}", content))
    upload(preset, lambda name, content: bucket.put_object(Key=f"p/{name}", Body=content))
    google = uuid.uuid4().hex
    upload(preset, lambda name, content: google_bucket(f"{google}/{name}", content))
    shutil.copytree(preset, shelf / "p")
    (tmp_path / "p.zip").write_bytes(zipped(preset))
    with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as archive:
        archive.add(preset, "inner")
    references = [
        f"{web.url}/sentiment",
        "memory://p",
        "s3://presets/p",
        f"gs://presets/{google}",
        f"sftp://{sftp_host}/p",
        f"webdav://{webdav_host}/p",
        f"zip://::{web.url}/p.zip",
        f"tar://inner::{tmp_path}/p.tar.gz",
    ]
    expected = []
    for reference in references:
        files = open_preset(reference)
        expected.append(sorted(files.path(name).stat().st_size for name in files.names()))
    monkeypatch.setenv("MODELRY_OFFLINE", "1")
    command = [sys.executable, "-c", LOAD_OFFLINE, *references]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [list(map(int, line.split())) for line in done.stdout.splitlines()] == expected
