"""Several files of a preset come at once, and the shards of its weights with them."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time

import pytest

from modelry import TextClassifier, _progress, isolated, registry
from modelry.errors import PresetNotFound, StorageError
from modelry.storage.filesystems.storage import FsspecStorage
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions
from modelry.storage.paths import parse_reference
from modelry.storage.remote import RemoteStorage
from modelry.storage.remote_source import ByteStream, RemoteFile, RemoteSource, Snapshot

FILES = {f"{name}.bin": name.encode() * 3_000_000 for name in "abc"}
SECONDS = 30  # after which a test gives up


class Store(RemoteStorage):
    def source(self, reference, options):
        return Source()


class Source(RemoteSource):
    """Files of which none comes to its end before `meeting` has as many readers as it waits for."""

    meeting = threading.Barrier(1)
    broken: str | None = None
    ended = threading.Event()

    uri = "tray://x"
    at_once = 3

    def resolve(self):
        listed = (
            RemoteFile(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in FILES.items()
        )
        return Snapshot(tuple(listed), "1")

    @contextlib.contextmanager
    def read(self, snapshot, file, offset):
        self.meeting.wait(SECONDS)
        if file.name == self.broken:
            raise StorageError("no such tray")
        yield ByteStream(self._chunks(FILES[file.name]), start=0)

    def _chunks(self, content):
        if self.broken is None:
            yield content
            return
        while not self.ended.wait(0.01):  # a large file
            yield b"x"


@pytest.fixture
def tray(monkeypatch):
    with isolated():
        registry.register("storage", "tray", Store)
        yield lambda **facts: [monkeypatch.setattr(Source, name, value) for name, value in facts.items()]
    Source.ended.set()


def test_files_come_at_once(tray):
    tray(meeting=threading.Barrier(3))
    files = open_preset("tray://x")
    files.download(FILES)
    assert {name: files.path(name).read_bytes() for name in FILES} == FILES


@pytest.mark.parametrize("at_once", [1, 2])
def test_no_more_files_are_read_at_once_than_a_source_says(tray, monkeypatch, at_once):
    reading, most, guard = [], [], threading.Lock()
    read = Source.read

    @contextlib.contextmanager
    def counted(self, snapshot, file, offset):
        with guard:
            reading.append(file.name)
            most.append(len(reading))
        with read(self, snapshot, file, offset) as stream:
            time.sleep(0.05)
            yield stream
        with guard:
            reading.remove(file.name)

    monkeypatch.setattr(Source, "read", counted)
    tray(at_once=at_once)
    files = open_preset("tray://x")
    others = [threading.Thread(target=files.path, args=(name,)) for name in FILES]
    for thread in others:
        thread.start()
    files.download(FILES)
    for thread in others:
        thread.join(SECONDS)
    assert {name: files.path(name).read_bytes() for name in FILES} == FILES
    assert max(most) == at_once


def test_who_waits_for_a_turn_is_not_given_up(tray, monkeypatch):
    chunks = Source._chunks

    def slow(self, content):
        time.sleep(0.6)
        return chunks(self, content)

    monkeypatch.setattr(Source, "_chunks", slow)
    tray(at_once=1)
    files = open_preset("tray://x", OpenOptions(deadline=1))
    threads = [threading.Thread(target=files.path, args=(name,)) for name in FILES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert all(files.is_local(name) for name in FILES)


@pytest.mark.parametrize("said", [0, -1, 1.5, True, None])
def test_a_source_says_a_number(tray, said):
    tray(at_once=said)
    with pytest.raises(StorageError, match=rf"Source, which reads 'tray://x', has at_once={said!r}\."):
        open_preset("tray://x")


def test_files_of_an_archive_are_read_one_after_the_other(tmp_path):
    for reference, at_once in (("zip://a::s3://b/c.zip", 1), ("s3://b/c", 4), ("https://b/c", 4)):
        assert FsspecStorage().source(parse_reference(reference), OpenOptions()).at_once == at_once


def test_the_first_error_stops_what_is_on_its_way(tray):
    tray(meeting=threading.Barrier(3), broken="b.bin", ended=threading.Event())
    files = open_preset("tray://x")
    with pytest.raises(StorageError, match="no such tray"):
        files.download(FILES)
    assert not files.is_local("a.bin")
    tray(meeting=threading.Barrier(1), broken=None)
    assert files.path("a.bin").read_bytes() == FILES["a.bin"]


def test_what_is_missing_is_told(tray):
    with pytest.raises(PresetNotFound, match=r"has no file 'd\.bin'"):
        open_preset("tray://x").download(["a.bin", "d.bin"])


def test_a_person_sees_a_bar_for_each_file_and_one_for_all(tray, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    tray(meeting=threading.Barrier(3))
    open_preset("tray://x").download(FILES)
    shown = capsys.readouterr().err
    assert all(name in shown for name in (*FILES, "3 files", "9.0/9.0 MB"))
    assert _progress._transfers._display is None


def test_nobody_else_sees_one(tray, capsys):
    open_preset("tray://x").download(FILES)
    assert capsys.readouterr().err == ""


def test_weights_in_shards_come_from_a_store(web, preset, tmp_path):
    classifier = TextClassifier.from_preset(preset)
    classifier.save_to_preset(tmp_path / "shards", max_shard_size=0.00275)
    shards = {path.name for path in (tmp_path / "shards").glob("model_*.weights.h5")}
    assert len(shards) > 1
    there = TextClassifier.from_preset(f"{web.url}/shards")
    assert there.classify(["a fine film"]) == classifier.classify(["a fine film"])
    assert shards <= {path.rpartition("/")[2] for path, _ in web.requests}
    again = TextClassifier.from_preset(f"{web.url}/shards", offline=True)
    assert again.classify(["a fine film"]) == classifier.classify(["a fine film"])
