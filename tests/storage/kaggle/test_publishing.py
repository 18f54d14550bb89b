"""A preset is published to Kaggle as one version."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

import modelry
import modelry_bert
from modelry.errors import DeadlineExceeded, InputError, StorageError
from modelry.storage.kaggle import storage
from modelry.storage.open import open_preset
from modelry.testing.presets import contents

from ..stand_ins.faults import Kind
from ..stand_ins.messages import Reply
from ..threads import ended

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"
TOKEN = "kgat_planted0123456789"
MODEL = "acme/reviews/keras/base"
REFERENCE = f"kaggle://{MODEL}"


@pytest.fixture
def preset(tmp_path):
    folder = Path(shutil.copytree(PRESET, tmp_path / "sentiment"))
    (folder / "README.md").unlink()
    return folder


@pytest.fixture
def account(kaggle, monkeypatch):
    """Kaggle, which knows the token that the client finds."""
    kaggle.tokens.add(TOKEN)
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    monkeypatch.setattr(storage, "PAUSE", 0.001)
    return kaggle


def published_files(reference):
    files = open_preset(reference)
    return {name: files.path(name).read_bytes() for name in files.names()}


def test_model_and_variation_are_made_and_get_one_version(account, preset):
    (preset / "assets/tokenizer/empty.txt").write_bytes(b"")
    assert modelry.upload_preset(REFERENCE, preset, licence="Apache-2.0") == f"{REFERENCE}/1"
    files = published_files(f"{REFERENCE}/1")
    assert b'license: "apache-2.0"' in files.pop("README.md")
    assert files == contents(preset)
    assert account.uploads.private == {"acme/reviews": True}
    assert account.models[MODEL].licence == "Apache 2.0"
    assert {one.token for one in account.log if one.method == "PUT"} == {None}


def test_the_next_version_replaces_nothing(account, preset):
    first = modelry.upload_preset(REFERENCE, preset)
    before = published_files(first)
    (preset / "assets/tokenizer/more.txt").write_text("new")
    (preset / "README.md").write_text("new")
    assert modelry.upload_preset(REFERENCE, preset, commit_message="Better") == f"{REFERENCE}/2"
    assert account.models[MODEL].notes[2] == "Better"
    assert published_files(first) == before
    assert published_files(REFERENCE) == contents(preset)


def test_a_version_is_waited_for_and_told_from_that_of_somebody_else(account, preset, tmp_path, monkeypatch):
    modelry.upload_preset(REFERENCE, preset)
    other = Path(shutil.copytree(preset, tmp_path / "other"))
    (other / "modelry.json").write_text((other / "modelry.json").read_text().replace("positive", "negativf"))
    account.uploads.delay = 3
    answer = account.answer

    def answering(request):
        if request.path.endswith("CreateModelInstanceVersion"):
            account.publish(MODEL, other)
        return answer(request)

    account.answer = answering
    assert modelry.upload_preset(REFERENCE, preset) == f"{REFERENCE}/3"
    account.answer = answer
    monkeypatch.setattr(storage, "PATIENCE", 0.01)
    account.uploads.delay = 10**6
    with pytest.raises(StorageError, match=r"has not shown a version with them .* before you publish again"):
        modelry.upload_preset(REFERENCE, preset)


def test_a_kaggle_that_is_busy_is_asked_again(account, preset):
    places = ("/GetModel$", "/GetModelInstance$", "/StartBlobUpload", "/upload/", "/files/")
    faults = [account.fail(kind, where) for where in places for kind in (Kind.UNAVAILABLE, Kind.RESET)]
    for fault in faults:
        fault.methods = ("GET", "POST", "PUT")
    assert modelry.upload_preset(REFERENCE, preset) == f"{REFERENCE}/1"
    assert [fault.times for fault in faults] == [0] * len(faults)
    assert published_files(REFERENCE).items() > contents(preset).items()


def test_what_must_not_be_done_twice_is_not(account, preset):
    account.fail(Kind.UNAVAILABLE, "/CreateModelInstance", times=2)  # which says that it was not done
    modelry.upload_preset(REFERENCE, preset)
    account.fail(Kind.RESET, "/CreateModelInstanceVersion")
    with pytest.raises(StorageError, match="Cannot publish to"):
        modelry.upload_preset(REFERENCE, preset)
    assert account.calls().count("CreateModelInstanceVersion") == 1


def test_a_file_that_arrives_damaged_is_sent_again(account, preset):
    answer, damaged = account.answer, []

    def answering(request):
        if request.method == "PUT" and not damaged:
            damaged.append(request)
            return Reply(200, b"{}", {"x-goog-hash": "md5=AAAAAAAAAAAAAAAAAAAAAA=="})
        return answer(request)

    account.answer = answering
    modelry.upload_preset(REFERENCE, preset)
    assert published_files(REFERENCE).items() > contents(preset).items()  # and a model card


def test_an_upload_that_fails_leaves_the_older_versions(account, preset):
    modelry.upload_preset(REFERENCE, preset)
    answer = account.answer
    account.answer = lambda request: Reply(503) if request.method == "PUT" else answer(request)
    with pytest.raises(StorageError, match=r"Cannot publish to .*503.* Publish again later") as caught:
        modelry.upload_preset(REFERENCE, preset)
    assert "secret" not in f"{caught.value}"
    account.answer = answer
    assert list(account.models[MODEL].versions) == [1]
    assert account.calls().count("CreateModelInstanceVersion") == 0


def test_what_is_there_must_be_as_it_is_said_to_be(account, preset, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    modelry.upload_preset(REFERENCE, preset, private=False, licence="MIT", token=TOKEN)
    assert account.uploads.private == {"acme/reviews": False}
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    with pytest.raises(InputError, match=r"private=True was given, .* there already and public"):
        modelry.upload_preset(REFERENCE, preset, private=True)
    with pytest.raises(InputError, match=r"licence='GPL-3.0' was given, .* there already under 'MIT'"):
        modelry.upload_preset(REFERENCE, preset, licence="GPL-3.0")
    modelry.upload_preset(REFERENCE, preset, private=False, licence="mit")
    assert list(account.models[MODEL].versions) == [1, 2]


def test_who_may_not_write_is_told_how(kaggle, preset, monkeypatch):
    with pytest.raises(StorageError, match=r"does not let you publish .*kaggle\.com/settings makes one"):
        modelry.upload_preset(REFERENCE, preset)
    with pytest.raises(StorageError, match="does not accept your token") as caught:
        modelry.upload_preset(REFERENCE, preset, token="kgat_planted_wrong")
    assert "planted" not in f"{caught.value} {caught.value.__cause__}"
    assert kaggle.models == {}


def test_what_kaggle_says_in_a_reply_of_success_is_an_error(account, preset):
    account.uploads.denies = "The licence is unknown"
    with pytest.raises(StorageError, match=r"Kaggle refuses what was to be published .* The licence is unknown"):
        modelry.upload_preset(REFERENCE, preset)


def test_a_version_cannot_be_published_to_and_there_are_no_branches(account, preset):
    with pytest.raises(InputError, match="names a version, which never changes"):
        modelry.upload_preset(f"{REFERENCE}/3", preset)
    with pytest.raises(InputError, match="cannot be published with revision="):
        modelry.upload_preset(REFERENCE, preset, revision="next")


@pytest.mark.parametrize(
    ("where", "what", "made"),
    [
        ("/GetModel", "Cannot look at", 0),
        ("/StartBlobUpload", r"Cannot send README\.md to", 0),
        ("/upload/", r"Cannot send README\.md to", 0),
        ("/CreateModelInstanceVersion", "Cannot make a version of", 1),
    ],
)
def test_kaggle_that_never_answers_is_given_up_and_nothing_is_begun_later(account, preset, where, what, made):
    (preset / "README.md").write_text("first")
    modelry.upload_preset(REFERENCE, preset)
    released, answer = threading.Event(), account.answer
    account.log.clear()

    def waiting(request):
        if request.path.startswith(where) or request.path.endswith(where):
            released.wait(60)
        return answer(request)

    account.answer = waiting
    with pytest.raises(
        DeadlineExceeded, match=rf"{what} '{REFERENCE}': it has not ended after 1 seconds.*See https://www\.kaggle"
    ):
        modelry.upload_preset(REFERENCE, preset, deadline=1)
    released.set()
    assert ended()
    assert account.calls().count("CreateModelInstanceVersion") == made
    account.answer = answer
    assert modelry.upload_preset(REFERENCE, preset, deadline=60) == f"{REFERENCE}/{2 + made}"
    assert published_files(REFERENCE) == contents(preset)


def test_kaggle_that_trickles_is_given_up(account, preset):
    fault = account.fail(Kind.TRICKLE, "/StartBlobUpload")
    with pytest.raises(DeadlineExceeded, match=r"Cannot send .* has not ended after 1 seconds.*deadline="):
        modelry.upload_preset(REFERENCE, preset, deadline=1)
    fault.released.set()
    assert ended()
    assert account.models == {}


def test_a_version_is_waited_for_no_longer_than_was_said(account, preset):
    account.uploads.delay = 10**9
    with pytest.raises(DeadlineExceeded, match="has not shown a version with them for 2 seconds"):
        modelry.upload_preset(REFERENCE, preset, deadline=2)
    assert ended()
