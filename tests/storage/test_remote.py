"""What modelry does around a source, shown with one that lies in a folder and can be told to misbehave."""

from __future__ import annotations

import contextlib
import hashlib
from typing import ClassVar

import pytest

from modelry import isolated, registry
from modelry.errors import PresetNotFound, StorageError, UnsafePresetError
from modelry.storage.integrity import LARGEST_MANIFEST
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions
from modelry.storage.paths import redact
from modelry.storage.remote import RemoteStorage
from modelry.storage.remote_source import ByteStream, RemoteFile, RemoteSource, Snapshot

CONTENT = b"0123456789" * 1000
GIT_SHA1 = hashlib.sha1(b"blob 10000\0" + CONTENT).hexdigest()


class Shelf(RemoteStorage):
    """A store of one file, `a.txt`; its class attributes say what it does."""

    def source(self, reference, options):
        options.allow_only(("token", "cache_dir", "deadline", "offline", "revision", "verify"), reference)
        return ShelfSource(reference, options)


class ShelfSource(RemoteSource):
    content = CONTENT
    file = RemoteFile("a.txt", len(CONTENT), validator="1")
    more: tuple[RemoteFile, ...] = ()
    errors: ClassVar[list[Exception]] = []
    midway: ClassVar[list[Exception]] = []
    after: ClassVar[list[Exception]] = []
    start = None
    sent_validator = None
    pinned = False
    copy = None
    calls: ClassVar[list[str]] = []

    def __init__(self, reference, options):
        self.reference, self.options = reference, options

    @property
    def uri(self):
        return redact(f"shelf://{self.reference.path}@{self.options.revision}")

    @property
    def is_pinned(self):
        return self.pinned

    def resolve(self):
        self.calls.append("resolve")
        return Snapshot((self.file, *self.more), "r1")

    @contextlib.contextmanager
    def read(self, snapshot, file, offset):
        self.calls.append(f"{file.name} {offset}")
        if self.errors:
            raise self.errors.pop(0)
        start = offset if self.start is None else self.start
        yield ByteStream(self._chunks(start), start, self.sent_validator)
        if self.after:
            raise self.after.pop(0)

    def _chunks(self, start):
        for begin in range(start, len(self.content), 1000):
            yield self.content[begin : begin + 1000]
            if self.midway and begin >= 4000:
                raise self.midway.pop(0)

    def local_copy(self, snapshot, file):
        return self.copy

    def is_transient(self, error):
        return True if isinstance(error, KeyError) else None

    def advice(self, error):
        return "Ask the librarian." if isinstance(error, ZeroDivisionError) else None


@pytest.fixture
def shelf(monkeypatch):
    """The class of sources, whose attributes are put back after the test."""
    monkeypatch.setattr(ShelfSource, "calls", [])
    monkeypatch.setattr(ShelfSource, "errors", [])
    with isolated():
        registry.register("storage", "shelf", Shelf)
        yield lambda **facts: [monkeypatch.setattr(ShelfSource, name, value) for name, value in facts.items()]


def fetched(**options) -> bytes:
    return open_preset("shelf://x", OpenOptions(**options)).path("a.txt").read_bytes()


def test_what_fails_midway_goes_on_there(shelf):
    shelf(midway=[ConnectionResetError("gone"), KeyError("theirs")])
    assert fetched() == CONTENT
    assert ShelfSource.calls == ["resolve", "a.txt 0", "a.txt 5000", "a.txt 6000"]


def test_a_store_that_starts_at_the_start_is_understood(shelf):
    shelf(start=0, midway=[ConnectionResetError("gone")])
    assert fetched() == CONTENT
    assert ShelfSource.calls == ["resolve", "a.txt 0", "a.txt 5000"]


def test_a_store_that_starts_elsewhere_is_not_believed(shelf):
    shelf(start=3)
    with pytest.raises(StorageError, match="sent bytes from 3 on, which were not asked for"):
        fetched()


@pytest.mark.parametrize("digest", [{"sha256": hashlib.sha256(CONTENT).hexdigest()}, {"git_sha1": GIT_SHA1}])
def test_a_digest_is_held_against_what_came(shelf, digest, tmp_path):
    shelf(file=RemoteFile("a.txt", len(CONTENT), **digest))
    assert fetched() == CONTENT
    shelf(content=b"x" + CONTENT[1:])
    with pytest.raises(StorageError, match="has other content than the digest"):
        fetched(cache_dir=tmp_path / "empty")


def test_a_size_that_is_not_known_is_no_matter(shelf):
    shelf(file=RemoteFile("a.txt", validator="1"))
    files = open_preset("shelf://x")
    assert files.size("a.txt") is None
    assert files.path("a.txt").read_bytes() == CONTENT


def test_another_version_than_the_listed_one_is_not_taken(shelf):
    shelf(sent_validator="2")
    with pytest.raises(StorageError, match=r"a\.txt of 'shelf://x' has changed in the store"):
        fetched()


def test_a_pinned_reference_asks_nobody_twice(shelf):
    shelf(pinned=True)
    assert fetched() == CONTENT
    ShelfSource.calls.clear()
    assert fetched() == CONTENT
    assert ShelfSource.calls == []
    assert open_preset("shelf://x").revision == "r1"


def test_a_copy_of_the_stores_own_client_is_used_if_it_is_right(shelf, tmp_path):
    copy = tmp_path / "copy"
    copy.write_bytes(CONTENT)
    shelf(file=RemoteFile("a.txt", len(CONTENT), git_sha1=GIT_SHA1), copy=copy)
    assert fetched() == CONTENT
    assert ShelfSource.calls == ["resolve"]


@pytest.mark.parametrize("facts", [{"git_sha1": GIT_SHA1}, {"validator": "1"}])
def test_a_copy_that_is_wrong_or_cannot_be_proved_is_not_used(shelf, tmp_path, facts):
    copy = tmp_path / "copy"
    copy.write_bytes(b"x" * len(CONTENT))
    shelf(file=RemoteFile("a.txt", len(CONTENT), **facts), copy=copy)
    assert fetched() == CONTENT
    assert ShelfSource.calls == ["resolve", "a.txt 0"]


@pytest.mark.parametrize("kind", ["missing", "folder", "raises"])
def test_a_copy_that_cannot_be_read_is_as_good_as_none(shelf, tmp_path, kind, monkeypatch):
    shelf(file=RemoteFile("a.txt", len(CONTENT), git_sha1=GIT_SHA1))
    shelf(copy=tmp_path / "nothing" if kind == "missing" else tmp_path)
    if kind == "raises":

        def refuse(*_):
            raise PermissionError("not yours")

        monkeypatch.setattr(ShelfSource, "local_copy", refuse)
    assert fetched() == CONTENT
    assert ShelfSource.calls == ["resolve", "a.txt 0"]


OTHER = CONTENT[::-1]


def test_what_fails_after_the_last_byte_is_read_again_unless_a_digest_proves_it(shelf):
    shelf(after=[ConnectionResetError("gone")])
    assert fetched() == CONTENT
    assert ShelfSource.calls == ["resolve", "a.txt 0", "a.txt 0"]


def test_what_fails_after_the_last_byte_is_kept_where_a_digest_proves_it(shelf):
    shelf(after=[ConnectionResetError("gone")], file=RemoteFile("a.txt", len(CONTENT), git_sha1=GIT_SHA1))
    assert fetched() == CONTENT
    assert ShelfSource.calls == ["resolve", "a.txt 0"]


@pytest.mark.parametrize("content", [OTHER, OTHER[:4000]])
def test_what_a_store_takes_back_after_the_last_byte_is_not_used_later(shelf, content):
    shelf(content=content, after=[StorageError("has changed in the store")])
    with pytest.raises(StorageError, match="has changed in the store"):
        fetched()
    shelf(content=CONTENT)
    assert fetched() == CONTENT
    assert ShelfSource.calls[-1] == "a.txt 0"


def test_an_error_says_what_the_source_advises_and_no_secret(shelf):
    shelf(errors=[ZeroDivisionError("at https://me:planted@host/?sig=planted with planted-token")])
    with pytest.raises(StorageError, match=r"a\.txt of 'shelf://x' could not be fetched: ZeroDivisionError") as caught:
        fetched(token="planted-token")
    assert str(caught.value).endswith("Ask the librarian.")
    assert "planted" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_the_store_says_is_final_is_told_at_once(shelf):
    shelf(errors=[PresetNotFound("gone for good"), ConnectionResetError()])
    with pytest.raises(PresetNotFound, match="gone for good"):
        fetched()
    assert len(ShelfSource.errors) == 1


def test_a_manifest_that_is_announced_too_large_is_not_fetched(shelf):
    shelf(more=(RemoteFile("modelry.json", LARGEST_MANIFEST + 1, validator="1"),))
    with pytest.raises(UnsafePresetError, match=r"^modelry\.json of 'shelf://x' is larger than 8,388,608 bytes"):
        fetched()
    assert ShelfSource.calls == ["resolve"]


def test_a_manifest_of_unknown_size_is_fetched_up_to_its_limit(shelf, monkeypatch):
    sent = []
    monkeypatch.setattr(
        ShelfSource, "_chunks", lambda self, start: iter(lambda: sent.append(2**20) or bytes(2**20), None)
    )
    shelf(more=(RemoteFile("modelry.json", validator="1"),))
    with pytest.raises(UnsafePresetError, match=r"^modelry\.json of 'shelf://x' is larger than 8,388,608 bytes"):
        fetched(deadline=20)
    assert sum(sent) == LARGEST_MANIFEST + 2**20


def test_too_many_files_are_no_preset(shelf):
    shelf(more=tuple(RemoteFile(f"{n}.txt", 1, validator="1") for n in range(10_001)))
    with pytest.raises(UnsafePresetError, match="wants 10,002 files, and its budget is 10,000"):
        fetched()
