"""Presets are published to stores that write file by file, and no reader ever sees a part of one."""

from __future__ import annotations

import contextlib
import threading

import pytest

import modelry
from modelry import _progress
from modelry.errors import (
    InputError,
    ModelryError,
    PresetFormatError,
    PresetNotFound,
    StorageError,
    UnsafePresetError,
)
from modelry.presets.read import read_recipe
from modelry.storage.filesystems.storage import FilesystemDestination
from modelry.storage.handler import Storage
from modelry.storage.open import open_preset
from modelry.testing.presets import contents

from .servers import PASSWORD, USER, sftp, webdav

WEIGHTS = "model.weights.h5"


def fetched(reference):
    """Return name → content of a preset, opened anew."""
    files = open_preset(reference)
    return {name: files.path(name).read_bytes() for name in files.names()}


@pytest.fixture(params=["memory", "s3", "webdav", "sftp"])
def place(request, tmp_path, monkeypatch):
    """A reference to an empty place in a store."""
    if request.param == "memory":
        request.getfixturevalue("memory")
        yield "memory://shelf/sentiment"
    elif request.param == "s3":
        request.getfixturevalue("bucket")
        yield "s3://presets/shelf/sentiment"
    else:
        shelf = tmp_path / "shelf"
        shelf.mkdir()
        with (webdav if request.param == "webdav" else sftp)(shelf) as found:
            port = found
            if request.param == "sftp":
                port, known = found
                (tmp_path / "home/.ssh").mkdir(parents=True)
                (tmp_path / "home/.ssh/known_hosts").write_text(known)
                monkeypatch.setenv("HOME", str(tmp_path / "home"))
            yield f"{request.param}://{USER}:{PASSWORD}@127.0.0.1:{port}/a/sentiment"


def test_what_is_published_can_be_opened(place, preset, other):
    assert PASSWORD not in modelry.upload_preset(place, preset)
    assert fetched(place) == contents(preset)
    modelry.upload_preset(place, other)
    assert fetched(place) == contents(other)  # without the older preset's task.json


def test_a_model_is_saved_to_a_uri_and_loaded_from_there(memory):
    from modelry import TextClassifier

    classifier = TextClassifier.from_preset("bert_micro_sst2")
    classifier.save_to_preset("memory://shelf/saved")
    loaded = TextClassifier.from_preset("memory://shelf/saved")
    assert loaded.classify(["a fine film"]) == classifier.classify(["a fine film"])
    classifier.backbone.save_to_preset("memory://shelf/saved")
    assert not memory.exists("/shelf/saved/task.json")
    with pytest.raises(ModelryError):
        TextClassifier.from_preset("memory://shelf/saved").classify(["a fine film"])


def test_a_file_uri_is_a_folder(tmp_path):
    from modelry import TextClassifier

    TextClassifier.from_preset("bert_micro_sst2").save_to_preset((tmp_path / "saved").as_uri())
    assert (tmp_path / "saved/modelry.json").is_file()


@pytest.mark.parametrize("replaces", [False, True])
def test_a_reader_sees_all_of_a_preset_or_none_at_every_moment(memory, preset, other, monkeypatch, replaces):
    """Whoever reads between any two steps of an upload gets one whole version, or an error."""
    if replaces:
        modelry.upload_preset("memory://p", preset)
    seen, before = [], contents(preset)
    opened = [open_preset("memory://p")] if replaces else []

    def look():
        try:
            files = read_recipe("memory://p").files
            found = {name: files.path(name).read_bytes() for name in files.names()}
        except ModelryError as error:
            seen.append(type(error))
        else:
            seen.append(found)
        for files in opened:  # a reader that has listed the older preset, with its manifest or without
            for name in files.names():
                with contextlib.suppress(StorageError):
                    assert files.path(name).read_bytes() == before[name]

    for step in ("write", "remove"):
        done = getattr(FilesystemDestination, step)

        def looked(self, *arguments, done=done):
            look()
            done(self, *arguments)
            look()

        monkeypatch.setattr(FilesystemDestination, step, looked)
    modelry.upload_preset("memory://p", other)
    after = contents(other)
    assert [one for one in seen if not isinstance(one, type) and one not in (before, after)] == []
    assert PresetNotFound in seen
    assert seen[0] == (before if replaces else PresetNotFound)
    assert seen[-1] == after


def test_readers_racing_uploads_never_mix_two_presets(bucket, preset, other):
    whole, stop, wrong = [contents(preset), contents(other)], threading.Event(), []
    modelry.upload_preset("s3://presets/race", preset)

    def read():
        while not stop.is_set():
            try:
                files = read_recipe("s3://presets/race").files
                found = {name: files.path(name).read_bytes() for name in files.names()}
            except ModelryError:
                continue
            if found not in whole:
                wrong.append(sorted(found))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for folder in (other, preset) * 2:
            modelry.upload_preset("s3://presets/race", folder)
    finally:
        stop.set()
        for reader in readers:
            reader.join(60)
    assert wrong == []
    assert fetched("s3://presets/race") == whole[0]


@pytest.mark.parametrize("name", [WEIGHTS, "modelry.json", "config.json"])
def test_an_upload_that_fails_shows_nothing_and_can_be_done_again(memory, preset, monkeypatch, name):
    write = FilesystemDestination.write

    def failing(self, written, path, sent):
        if written == name:
            raise OSError("https://user:planted-secret@host/?sig=planted-secret refuses")
        write(self, written, path, sent)

    with monkeypatch.context() as patched:
        patched.setattr(FilesystemDestination, "write", failing)
        with pytest.raises(StorageError, match=f"Cannot write {name} to 'memory://p'") as caught:
            modelry.upload_preset("memory://p", preset)
    assert "planted" not in f"{caught.value} {caught.value.__cause__}"
    with pytest.raises(PresetNotFound):
        read_recipe("memory://p")
    modelry.upload_preset("memory://p", preset)
    assert fetched("memory://p") == contents(preset)


def test_a_store_that_is_busy_for_a_while_is_asked_again(memory, preset, monkeypatch):
    write, failures = FilesystemDestination.write, [ConnectionResetError("reset"), TimeoutError("slow")]

    def busy(self, name, path, sent):
        if failures:
            raise failures.pop()
        write(self, name, path, sent)

    monkeypatch.setattr(FilesystemDestination, "write", busy)
    modelry.upload_preset("memory://p", preset)
    assert failures == []
    assert fetched("memory://p") == contents(preset)


def test_a_file_that_is_gone_is_removed_and_one_that_cannot_be_reached_is_not(place, preset, other, monkeypatch):
    modelry.upload_preset(place, preset)
    remove, removed, failures = FilesystemDestination.remove, [], [ConnectionResetError("reset"), TimeoutError("slow")]

    def twice(self, name):
        remove(self, name)
        remove(self, name)
        removed.append(name)
        filesystem = self.location.connect().filesystem

        def unreachable(path, **_):
            raise FileNotFoundError(path) from failures.pop()

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(filesystem, "rm_file", unreachable)
            if failures:
                remove(self, name)

    monkeypatch.setattr(FilesystemDestination, "remove", twice)
    modelry.upload_preset(place, other)
    assert removed == ["config.json", "config.json", "config.json", "task.json"]
    assert fetched(place) == contents(other)


def test_a_file_that_the_store_has_cut_is_noticed(memory, preset, monkeypatch):
    write = FilesystemDestination.write

    def cutting(self, name, path, sent):
        write(self, name, path, sent)
        if name == WEIGHTS:
            memory.pipe(f"/p/{name}", path.read_bytes()[:-1])

    monkeypatch.setattr(FilesystemDestination, "write", cutting)
    with pytest.raises(StorageError, match=r"model\.weights\.h5 was written .* Nobody sees a preset there"):
        modelry.upload_preset("memory://p", preset)
    with pytest.raises(PresetNotFound, match=r"no config\.json"):
        read_recipe("memory://p")


def test_a_person_sees_how_far_it_is(memory, preset, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    modelry.upload_preset("memory://p", preset)
    shown = capsys.readouterr().err
    assert WEIGHTS in shown
    assert f"{len(contents(preset))} files" in shown
    assert _progress._transfers._display is None


def test_files_of_somebody_else_stay(memory, preset, other):
    modelry.upload_preset("memory://p", preset)
    memory.pipe("/p/notes/mine.txt", b"mine")
    modelry.upload_preset("memory://p", other)
    assert memory.cat("/p/notes/mine.txt") == b"mine"
    memory.pipe("/thesis/thesis.txt", b"precious")
    with pytest.raises(StorageError, match=r"holds files but no preset, such as 'thesis\.txt'"):
        modelry.upload_preset("memory://thesis", preset)
    assert memory.find("/thesis") == ["/thesis/thesis.txt"]


def test_hidden_files_are_left_out(memory, preset):
    (preset / ".git").mkdir()
    (preset / ".git/config").write_text("mine")
    modelry.upload_preset("memory://p", preset)
    assert not [name for name in memory.find("/p") if ".git" in name]


def test_a_preset_that_is_damaged_is_not_published(memory, preset):
    weights = bytearray((preset / WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (preset / WEIGHTS).write_bytes(weights)
    with pytest.raises(PresetFormatError, match=r"model\.weights\.h5 .* is not what modelry\.json says"):
        modelry.upload_preset("memory://p", preset)
    (preset / "task.weights.h5").unlink()
    (preset / WEIGHTS).unlink()
    with pytest.raises(ModelryError):
        modelry.upload_preset("memory://p", preset)
    assert memory.store == {}


def test_a_folder_without_a_preset_is_not_published(memory, tmp_path):
    with pytest.raises(PresetNotFound, match="is not a preset"):
        modelry.upload_preset("memory://p", tmp_path)
    with pytest.raises(PresetNotFound, match="There is no folder"):
        modelry.upload_preset("memory://p", tmp_path / "nothing")


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("https://host/p", "web servers have no common way"),
        ("zip://inner::memory://p.zip", "written whole or not at all"),
        ("package://acme/p", "package:// only reads"),
        ("file:///tmp/p", "a folder of this machine"),
    ],
)
def test_a_store_that_cannot_publish_says_which_can(uri, why, preset):
    with pytest.raises(StorageError, match=rf"Nothing can be published to .*{why}.*hf://, kaggle://, s3://"):
        modelry.upload_preset(uri, preset)


def test_a_handler_of_a_plugin_reads_only_unless_it_says_otherwise(preset):
    class Shelf(Storage):
        def open(self, reference):
            raise AssertionError

    with modelry.isolated():
        modelry.register("storage", "shelf", Shelf)
        with pytest.raises(StorageError, match="shelf:// only reads"):
            modelry.upload_preset("shelf://p", preset)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"private": True}, "s3:// does not support it"),
        ({"commit_message": "first"}, "s3:// does not support it"),
        ({"commit_message": " "}, "commit_message must be a text"),
        ({"private": "yes"}, "private must be True or False"),
        ({"revision": "main"}, "cannot be published with revision="),
        ({"token": "planted-token"}, "cannot be published with token="),
    ],
)
def test_options_that_a_bucket_has_no_use_for_are_refused(options, message, preset):
    with pytest.raises(InputError, match=message) as caught:
        modelry.upload_preset("s3://presets/p", preset, **options)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("place", ["webdav", "sftp"], indirect=True)
def test_a_wrong_password_is_named_and_not_shown(place, preset):
    with pytest.raises(StorageError, match=r"pass credentials|Pass credentials") as caught:
        modelry.upload_preset(place.replace(PASSWORD, "planted-wrong"), preset)
    assert "planted" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_where_to_publish_is_a_uri(preset):
    with pytest.raises(InputError, match=r"not to './folder'\. save_to_preset writes folders"):
        modelry.upload_preset("./folder", preset)
    with pytest.raises(StorageError, match="Nothing here opens shelf://"):
        modelry.upload_preset("shelf://p", preset)


def test_offline_publishes_nothing(memory, preset, monkeypatch):
    monkeypatch.setenv("MODELRY_OFFLINE", "1")
    with pytest.raises(StorageError, match=r"Nothing is published .* while offline"):
        modelry.upload_preset("memory://p", preset)
    assert memory.store == {}


def test_credentials_are_never_shown(bucket, object_store, preset):
    options = {"endpoint_url": object_store, "key": "planted-key", "secret": "planted-secret-2"}
    with pytest.raises(StorageError, match="Cannot write") as caught:
        modelry.upload_preset("s3://no-such-bucket/p", preset, storage_options=options)
    assert "planted" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("name", ["assets/notes.txt", "model.weights.h5", "folder"])
def test_a_link_in_the_folder_is_named_and_nothing_is_published(memory, preset, tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes((preset / WEIGHTS).read_bytes())
    (preset / name).unlink(missing_ok=True)
    (preset / name).symlink_to(outside if name == "folder" else outside / "secret")
    with pytest.raises(UnsafePresetError, match=rf"^{name} of preset .* is a link, to '{outside}.* Nothing is\."):
        modelry.upload_preset("memory://p", preset)
    assert memory.find("/") == []


def test_a_link_to_a_hidden_file_of_the_folder_is_not_published_either(memory, preset):
    (preset / ".env").write_text("TOKEN=1")
    (preset / "notes.txt").symlink_to(".env")
    with pytest.raises(UnsafePresetError, match=r"^notes\.txt of preset .* is a link, to '\.env'"):
        modelry.upload_preset("memory://p", preset)


def test_a_hidden_link_is_left_out_like_hidden_files(memory, preset, tmp_path):
    expected = contents(preset)
    (preset / ".current").symlink_to(tmp_path)
    modelry.upload_preset("memory://p", preset)
    assert fetched("memory://p") == expected


def test_the_folder_itself_may_be_named_by_a_link(memory, preset, tmp_path):
    (tmp_path / "latest").symlink_to(preset)
    modelry.upload_preset("memory://p", tmp_path / "latest")
    assert fetched("memory://p") == contents(preset)
