"""What was fetched opens without a network, whatever store it came from; see test_hub_processes.py for the hubs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import uuid

from modelry.storage.open import open_preset

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
