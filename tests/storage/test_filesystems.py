from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import uuid
import zipfile

import pytest

from modelry.errors import InputError, PresetNotFound, StorageError, UnsafePresetError
from modelry.storage.filesystems.chain import parse_links, uri_of
from modelry.storage.filesystems.connect import Location
from modelry.storage.filesystems.storage import FsspecStorage
from modelry.storage.open import open_preset
from modelry.storage.options import Budget, OpenOptions
from modelry.storage.paths import parse_reference
from modelry.testing import StorageContract
from modelry.testing.presets import contents

from .conftest import upload

WEIGHTS = "model.weights.h5"


def zipped(folder, top="") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        upload(folder, lambda name, content: archive.writestr(f"{top}{name}", content))
    return file.getvalue()


class _OfFsspec(StorageContract):
    @pytest.fixture
    def storage(self):
        return FsspecStorage()

    @pytest.fixture
    def place(self):
        return None


class TestMemory(_OfFsspec):
    @pytest.fixture
    def place(self, memory):
        return "memory://desk/preset"

    @pytest.fixture
    def publish(self, memory):
        def put(folder):
            upload(folder, lambda name, content: memory.pipe(f"/shelf/{folder.name}/{name}", content))
            return f"memory://shelf/{folder.name}"

        return put


class TestS3(_OfFsspec):
    @pytest.fixture
    def place(self, bucket):
        return "s3://presets/desk"

    @pytest.fixture
    def publish(self, bucket):
        def put(folder):
            upload(folder, lambda name, content: bucket.put_object(Key=f"{folder.name}/{name}", Body=content))
            return f"s3://presets/{folder.name}"

        return put


class TestGs(_OfFsspec):
    @pytest.fixture
    def place(self, google_bucket):
        return f"gs://presets/{uuid.uuid4().hex}"

    @pytest.fixture
    def publish(self, google_bucket):
        def put(folder):
            shelf = uuid.uuid4().hex
            upload(folder, lambda name, content: google_bucket(f"{shelf}/{name}", content))
            return f"gs://presets/{shelf}"

        return put


class TestZip(_OfFsspec):
    @pytest.fixture
    def publish(self, tmp_path):
        def put(folder):
            (tmp_path / f"{folder.name}.zip").write_bytes(zipped(folder, "inner/"))
            return f"zip://inner::{tmp_path / folder.name}.zip"

        return put

    def test_a_missing_preset_is_not_found(self, storage, reference, tmp_path):
        for nowhere in (f"zip://no-such-preset::{tmp_path / 'preset.zip'}", "zip://inner::/no-such-preset.zip"):
            with pytest.raises(PresetNotFound, match="no-such-preset"):
                storage.open(parse_reference(nowhere))


class TestTar(_OfFsspec):
    @pytest.fixture
    def publish(self, tmp_path):
        def put(folder):
            with tarfile.open(tmp_path / f"{folder.name}.tar.gz", "w:gz") as archive:
                archive.add(folder, "inner")
            return f"tar://inner::file://{tmp_path / folder.name}.tar.gz"

        return put

    test_a_missing_preset_is_not_found = None


def test_an_archive_on_a_web_server(web, preset):
    (web.folder / "presets.zip").write_bytes(zipped(preset, "sentiment/"))
    web.faults.extend(["503", "close", "reset"])
    files = open_preset(f"zip://sentiment::{web.url}/presets.zip")
    web.faults.extend(["close", "503", "cut"])
    assert files.path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
    with pytest.raises(PresetNotFound, match=r"There is no archive where .*nothing\.zip"):
        open_preset(f"zip://sentiment::{web.url}/nothing.zip")


def test_an_archive_whose_changes_cannot_be_seen_is_refused(web, preset):
    web.etags = False
    (web.folder / "presets.zip").write_bytes(zipped(preset))
    with pytest.raises(StorageError, match="tells neither an ETag nor a time"):
        open_preset(f"zip://::{web.url}/presets.zip")


def test_an_archive_in_a_bucket(bucket, preset):
    bucket.put_object(Key="a/presets.zip", Body=zipped(preset))
    files = open_preset("zip://::s3://presets/a/presets.zip")
    assert files.path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


@pytest.mark.parametrize(("flags", "name"), [("cf", "x.tar"), ("czf", "x.tar"), ("czf", "x.tgz"), ("cJf", "x.tar.xz")])
def test_a_tar_archive_as_people_make_it_by_hand(tmp_path, preset, flags, name):
    """Its members begin with `./`, the folder itself is one of them, and its name need not say how it is compressed."""
    for folder, members in (("", ["-C", str(preset), "."]), (preset.name, ["-C", str(tmp_path), f"./{preset.name}"])):
        subprocess.run(["tar", flags, str(tmp_path / name), *members], check=True)
        files = open_preset(f"tar://{folder}::{tmp_path / name}")
        assert {name: files.path(name).read_bytes() for name in files.names()} == contents(preset)


def test_a_zip_archive_whose_members_begin_with_a_dot(tmp_path, preset):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("./", b"")
        archive.writestr("./assets/", b"")
        upload(preset, lambda name, content: archive.writestr(f"./{name}", content))
    files = open_preset(f"zip://::{tmp_path / 'x.zip'}")
    assert {name: files.path(name).read_bytes() for name in files.names()} == contents(preset)


@pytest.mark.parametrize(
    ("members", "why"),
    [
        (["a", "./a"], "is the same as"),
        (["config.json", "./config.json"], "is the same as"),
        (["./CONFIG.json", "config.json"], "is the same as"),
        (["a", "./a/"], "is the same as"),
        (["./../a"], "leads out"),
        ([".//a"], "leads out"),
        (["././a"], "cannot be written"),
        (["./a/./b"], "cannot be written"),
        (["."], "has the name of the folder"),
        (["./"], None),
    ],
)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_names_in_archives_are_checked_without_the_dot_before_them(tmp_path, preset, kind, members, why):
    path = tmp_path / f"x.{kind}"
    if kind == "tar":
        with tarfile.open(path, "w") as archive:
            archive.add(preset, "preset")
            for name in members:
                info = tarfile.TarInfo(name)
                info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
                archive.addfile(info)
    else:
        path.write_bytes(zipped(preset, "preset/"))
        with zipfile.ZipFile(path, "a") as archive:
            for name in members:
                archive.writestr(name, b"")
    if why is None:
        assert open_preset(f"{kind}://preset::{path}").names() == set(contents(preset))
    else:
        with pytest.raises(UnsafePresetError, match=why):
            open_preset(f"{kind}://preset::{path}")


def test_members_that_lead_out_of_an_archive_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("inner/config.json", "{}")
        archive.writestr("inner/../../outside.txt", "x")
    with pytest.raises(UnsafePresetError, match="leads out of the preset"):
        open_preset(f"zip://inner::{tmp_path / 'bad.zip'}")


def test_what_changes_in_a_bucket_meanwhile_is_noticed(bucket):
    for name in ("config.json", "task.json"):
        bucket.put_object(Key=f"p/{name}", Body=b'{"version": 1}')
    files = open_preset("s3://presets/p")
    assert files.path("config.json").read_bytes() == b'{"version": 1}'
    for name in ("config.json", "task.json"):
        bucket.put_object(Key=f"p/{name}", Body=b'{"version": 2}')
    with pytest.raises(StorageError, match=r"task\.json of 's3://presets/p' has changed in the store"):
        files.path("task.json")
    assert files.path("config.json").read_bytes() == b'{"version": 1}'
    assert open_preset("s3://presets/p").path("task.json").read_bytes() == b'{"version": 2}'


def test_what_changes_in_memory_meanwhile_is_noticed(memory):
    memory.pipe("/p/config.json", b"1")
    files = open_preset("memory://p")
    memory.pipe("/p/config.json", b"2")
    with pytest.raises(StorageError, match="has changed in the store"):
        files.path("config.json")


def test_only_what_changed_is_fetched_again(bucket, preset):
    upload(preset, lambda name, content: bucket.put_object(Key=f"p/{name}", Body=content))
    open_preset("s3://presets/p").path(WEIGHTS)
    bucket.put_object(Key="p/README.md", Body=b"new")
    files = open_preset("s3://presets/p")
    assert files.is_local(WEIGHTS)
    assert not files.is_local("README.md")


def test_one_name_behind_two_endpoints_is_two_presets(bucket, object_store, monkeypatch):
    bucket.put_object(Key="p/config.json", Body=b"{}")
    open_preset("s3://presets/p").path("config.json")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(PresetNotFound, match="was never fetched"):
        open_preset("s3://presets/p", OpenOptions(offline=True))
    options = {"endpoint_url": object_store, "key": "key", "secret": "planted-secret"}
    assert open_preset("s3://presets/p", OpenOptions(storage_options=options)).names() == {"config.json"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("?sha=v1", "?sha=v2", False),
        ("?key=a", "?key=b", False),
        ("?sp=1", "?sp=2", False),
        ("?policy=a", "?policy=b", False),
        ("?sig=a&sp=r&se=2027&sv=1&snapshot=1", "?sig=b&sp=rl&se=2028&sv=2&snapshot=1", True),
        ("?sig=a&snapshot=1", "?sig=a&snapshot=2", False),
        ("?X-Amz-Signature=a&X-Amz-Date=1", "?X-Amz-Signature=b&X-Amz-Date=2", True),
        ("?Expires=1&Signature=a&Key-Pair-Id=x", "?Expires=2&Signature=b&Key-Pair-Id=y", True),
        ("?private_token=a", "", True),
    ],
)
def test_what_signs_a_url_does_not_say_what_it_is_for(one, other, same):
    spelt = {uri_of(parse_links(parse_reference(f"https://host/presets{query}")), {}) for query in (one, other)}
    assert len(spelt) == (1 if same else 2)


def test_credentials_are_never_shown(bucket, object_store, cache):
    bucket.put_object(Key="p/config.json", Body=b"{}")
    options = OpenOptions(
        storage_options={"endpoint_url": object_store, "key": "k", "secret": "planted-2", "token": "planted-3"}
    )
    files = open_preset("s3://presets/p", options)
    files.path("config.json")
    with pytest.raises(PresetNotFound) as caught:
        open_preset("s3://nothing/p", options)
    assert "planted" not in f"{options!r} {files!r} {vars(files)!r} {caught.value!r}"
    assert all(b"planted" not in path.read_bytes() for path in cache.rglob("*") if path.is_file())


def test_the_manifest_is_what_counts(memory, preset):
    upload(preset, lambda name, content: memory.pipe(f"/p/{name}", content))
    damaged = bytearray((preset / WEIGHTS).read_bytes())
    damaged[-1] ^= 1
    memory.pipe(f"/p/{WEIGHTS}", bytes(damaged))
    with pytest.raises(StorageError, match="has other content than the digest"):
        open_preset("memory://p").path(WEIGHTS)
    memory.pipe(f"/p/{WEIGHTS}", bytes(damaged[:-1]))
    with pytest.raises(StorageError, match=r"is not what modelry\.json says: the store has \d+ bytes"):
        open_preset("memory://p").path(WEIGHTS)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("s3://", "names no place"),
        ("s3:///", "names no place"),
        ("zip://inner", "does not say where the archive lies"),
        ("zip://inner::", "names no place"),
        ("zip://a::s3://b/x.zip::memory://c", r"continues after s3://, which is not an archive"),
        ("zip://a::reference://b", "reference:// is not: what it lists can lead to any file"),
        ("zip://a::data://b", "data:// is not"),
        ("zip://a::github://b:c@/x.zip", "github:// is not: it asks an API"),
        ("zip://a::generic://b", "generic:// is not"),
        ("zip://a::simplecache::https://b/x.zip", "simplecache:// is not: modelry has a cache of its own"),
        ("zip://a::htps://b/x.zip", r"htps:// is not\. Did you mean 'https'"),
        ("s3://bucket/a/../b", r"holds '\.\.'"),
        ("s3://bucket/a?versionId=3", "holds '\\?' or '#'"),
        ("s3://key:planted@bucket/a", r"s3://\*\*\*@bucket/a' has a user or a password"),
    ],
)
def test_malformed_references_are_named(reference, message):
    with pytest.raises(StorageError, match=message) as caught:
        open_preset(reference)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(("scheme", "extra"), [("az", "az"), ("abfss", "az")])
def test_a_client_that_is_not_installed_has_its_command(scheme, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, "adlfs", None)  # which Python takes for a module that is not there
    with pytest.raises(StorageError, match=rf'needs a client for {scheme}://.*Run: pip install "modelry\[{extra}\]"'):
        open_preset(f"{scheme}://presets/p")


@pytest.mark.parametrize("name", ["revision", "token"])
def test_a_bucket_has_no_revisions_and_takes_no_token(name):
    with pytest.raises(InputError, match=rf"s3://x/y.* cannot be opened with {name}=.*storage_options="):
        open_preset("s3://x/y", OpenOptions(**{name: "value"}))


@pytest.mark.parametrize("given", [{}, {"config_kwargs": None}, {"config_kwargs": {"signature_version": "s3v4"}}])
def test_what_a_caller_says_about_s3_is_added_to_what_modelry_does(given):
    location = Location("s3://b/c", parse_links(parse_reference("s3://b/c")), {"s3": given}, Budget())
    filesystem = location.connect().filesystem
    told = {"retries": {"total_max_attempts": 1}, **(given.get("config_kwargs") or {})}
    assert filesystem.config_kwargs == told


def test_a_chain_takes_options_by_protocol(bucket, object_store, preset, monkeypatch):
    bucket.put_object(Key="presets.zip", Body=zipped(preset))
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    options = {"s3": {"endpoint_url": object_store}}
    files = open_preset("zip://::s3://presets/presets.zip", OpenOptions(storage_options=options))
    assert "config.json" in files
    with pytest.raises(InputError, match=r"takes a dict for each protocol in it, as in \{'s3': "):
        open_preset("zip://::s3://presets/presets.zip", OpenOptions(storage_options=options["s3"]))


def test_a_relative_archive_is_the_same_from_everywhere(tmp_path, preset, monkeypatch):
    (tmp_path / "a.zip").write_bytes(zipped(preset))
    monkeypatch.chdir(tmp_path)
    files = open_preset("zip://::a.zip")
    assert files.path("config.json").is_file()
    monkeypatch.chdir(os.sep)
    assert open_preset(f"zip://::{tmp_path}/a.zip", OpenOptions(offline=True)).is_local("config.json")
