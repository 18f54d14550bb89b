from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import boto3
import pytest
from gcp_storage_emulator.server import create_server
from gcsfs.core import GCSFileSystem
from moto.server import ThreadedMotoServer

import modelry_bert
from modelry.presets.manifest import digest
from modelry.storage import retries
from modelry.testing.presets import contents

from .servers import PASSWORD, USER, sftp, webdav
from .web import Web

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """An empty cache of the test's own; pauses and patience that are short, between servers that are near."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("MODELRY_CACHE", str(folder))
    monkeypatch.delenv("MODELRY_OFFLINE", raising=False)
    for pause, seconds in ("FIRST_PAUSE", 0.001), ("LONGEST_PAUSE", 0.05):
        monkeypatch.setattr(retries, pause, seconds)
    for patience in "PATIENCE", "PATIENCE_WITHOUT_REPLY":
        monkeypatch.setattr(retries, patience, 2)
    return folder


@pytest.fixture
def preset(tmp_path):
    """A copy of a real preset, with a manifest."""
    return Path(shutil.copytree(PRESET, tmp_path / "sentiment"))


@pytest.fixture
def other(preset, tmp_path):
    """Another preset with the same file names, other weights, and one file less."""
    manifest = json.loads((preset / "modelry.json").read_text())
    folder = tmp_path / "other"
    for name, content in contents(preset).items():
        if name != "task.json":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    weights = bytearray((folder / "model.weights.h5").read_bytes())
    weights[-1] ^= 1
    (folder / "model.weights.h5").write_bytes(weights)
    del manifest["files"]["task.json"]
    manifest["files"]["model.weights.h5"] = digest(folder / "model.weights.h5")
    manifest["labels"] = ["other", "labels"]
    (folder / "modelry.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def web(tmp_path):
    """A web server on this machine that serves `tmp_path`, and misbehaves when told to."""
    with Web(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def object_store():
    """S3 on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(object_store, monkeypatch):
    """A client with an empty bucket `presets`."""
    for name, value in {
        "ACCESS_KEY_ID": "key",
        "SECRET_ACCESS_KEY": "planted-secret",
        "DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", object_store)
    made = boto3.resource("s3").create_bucket(Bucket="presets")
    yield made
    made.objects.all().delete()
    made.delete()


@pytest.fixture(scope="session")
def google_server():
    """Google Cloud Storage on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="presets")
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def google_bucket(google_server, monkeypatch):
    """Put an object into the bucket `presets`."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", google_server)

    client = GCSFileSystem(endpoint_url=google_server, token="anon", skip_instance_cache=True)

    def put(name, content):
        client.pipe(f"presets/{name}", content)

    return put


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture
def sftp_host(shelf, tmp_path, monkeypatch):
    with sftp(shelf) as (port, known):
        (tmp_path / "home/.ssh").mkdir(parents=True)
        (tmp_path / "home/.ssh/known_hosts").write_text(known)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        yield f"{USER}:{PASSWORD}@127.0.0.1:{port}"


@pytest.fixture
def webdav_host(shelf):
    with webdav(shelf) as port:
        yield f"{USER}:{PASSWORD}@127.0.0.1:{port}"


def upload(folder, put):
    """Hand each file of a folder to `put`, by its name and its content."""
    for path in folder.rglob("*"):
        if path.is_file():
            put(path.relative_to(folder).as_posix(), path.read_bytes())
