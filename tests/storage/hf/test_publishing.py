"""A preset is published to the hub as one commit."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest

import modelry
import modelry_bert
from modelry.errors import DeadlineExceeded, InputError, StorageError
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions
from modelry.testing.presets import contents

from ..stand_ins.faults import Kind
from ..stand_ins.messages import Reply
from ..threads import ended

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"
TOKEN = "planted-token"

# It is the hub's client that hands large files to httpx in the older way.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def preset(tmp_path):
    return Path(shutil.copytree(PRESET, tmp_path / "sentiment"))


@pytest.fixture
def account(hub, monkeypatch):
    """The hub, which knows the token that the client finds."""
    hub.tokens.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return hub


def without_hidden(files):
    return {name: content for name, content in files.items() if not name.startswith(".")}


def test_a_new_repository_is_made_and_gets_one_commit(account, preset):
    published = modelry.upload_preset("hf://acme/reviews", preset, commit_message="The first")
    repository = account.repositories["acme/reviews"]
    commit = repository.refs["main"]
    assert published == f"hf://acme/reviews@{commit}"
    assert list(repository.messages.values()) == ["initial commit", "The first"]
    assert not repository.private
    files = open_preset("hf://acme/reviews")
    assert without_hidden({name: files.path(name).read_bytes() for name in files.names()}) == contents(preset)


def test_an_older_preset_is_replaced_and_what_is_no_preset_stays(account, preset):
    account.publish("acme/reviews", preset)
    files = account.repositories["acme/reviews"].commits[account.repositories["acme/reviews"].refs["main"]]
    account.repositories["acme/reviews"].commit({**files, "notes.txt": b"mine", "model_00001.weights.h5": b"old"})
    (preset / "assets/tokenizer/more.txt").write_text("new")
    modelry.upload_preset("hf://acme/reviews", preset)
    repository = account.repositories["acme/reviews"]
    assert repository.commits[repository.refs["main"]] == {**contents(preset), "notes.txt": b"mine"}
    assert len(repository.commits) == 3


def test_a_preset_that_is_there_already_makes_no_commit(account, preset):
    first = modelry.upload_preset("hf://acme/reviews", preset)
    assert modelry.upload_preset("hf://acme/reviews", preset) == first


def test_a_folder_and_a_branch_of_a_repository(account, preset):
    account.publish("acme/zoo", preset, within="old/")
    before = dict(account.repositories["acme/zoo"].refs)
    published = modelry.upload_preset("hf://acme/zoo/new", preset, revision="next")
    repository = account.repositories["acme/zoo"]
    assert repository.refs["main"] == before["main"]
    assert published == f"hf://acme/zoo@{repository.refs['next']}/new"
    assert {name.partition("/")[0] for name in repository.commits[repository.refs["next"]]} == {"old", "new"}
    assert open_preset("hf://acme/zoo@next/new").names() == set(contents(preset))


def test_a_private_repository_stays_so(account, preset, monkeypatch):
    modelry.upload_preset("hf://acme/secret", preset, private=True)
    assert account.repositories["acme/secret"].private
    modelry.upload_preset("hf://acme/secret", preset)
    with pytest.raises(InputError, match="is there already and private"):
        modelry.upload_preset("hf://acme/secret", preset, private=False)
    account.publish("acme/open", preset)
    before = dict(account.repositories["acme/open"].refs)
    with pytest.raises(InputError, match="is there already and public"):
        modelry.upload_preset("hf://acme/open", preset, private=True)
    assert account.repositories["acme/open"].refs == before


def test_a_model_is_saved_to_the_hub(account):
    from modelry import TextClassifier

    classifier = TextClassifier.from_preset("bert_micro_sst2")
    classifier.save_to_preset("hf://acme/reviews", private=True, commit_message="Better")
    loaded = TextClassifier.from_preset("hf://acme/reviews")
    assert loaded.classify(["a fine film"]) == classifier.classify(["a fine film"])
    assert "Better" in account.repositories["acme/reviews"].messages.values()


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.RESET])
@pytest.mark.parametrize("where", ["/commit/", "/preupload/", "/api/repos/create"])
def test_a_hub_that_is_busy_is_asked_again(account, preset, kind, where):
    account.fail(kind, where, times=2)
    modelry.upload_preset("hf://acme/reviews", preset)
    assert len(account.repositories["acme/reviews"].commits) == 2
    assert without_hidden(
        account.repositories["acme/reviews"].commits[account.repositories["acme/reviews"].refs["main"]]
    ) == contents(preset)


def test_an_upload_that_fails_leaves_the_older_version(account, preset):
    account.publish("acme/reviews", preset)
    before = dict(account.repositories["acme/reviews"].refs)
    (preset / "README.md").write_text("new")
    answer = account.answer
    account.answer = lambda request: Reply(503) if "/commit/" in request.path else answer(request)
    with pytest.raises(StorageError, match=r"Cannot publish to 'hf://acme/reviews'.* Publish again later") as caught:
        modelry.upload_preset("hf://acme/reviews", preset)
    assert TOKEN not in f"{caught.value} {caught.value.__cause__}"
    assert account.repositories["acme/reviews"].refs == before


def test_who_may_not_write_is_told_how(hub, preset, monkeypatch):
    for options in ({}, {"token": "planted-wrong"}):
        with pytest.raises(
            StorageError, match=r"does not let you publish to 'hf://acme/reviews'.*settings/tokens"
        ) as caught:
            modelry.upload_preset("hf://acme/reviews", preset, **options)
        assert "planted" not in f"{caught.value} {caught.value.__cause__}"
    assert hub.repositories == {}


def test_a_commit_of_somebody_else_meanwhile_is_not_overwritten(account, preset):
    account.publish("acme/reviews", preset)
    (preset / "README.md").write_text("new")
    answer = account.answer

    def answering(request):
        if "/preupload/" in request.path:
            account.repositories["acme/reviews"].commit({"config.json": b"{}"})
        return answer(request)

    account.answer = answering
    with pytest.raises(StorageError, match="Somebody else has committed"):
        modelry.upload_preset("hf://acme/reviews", preset)


def test_a_file_that_the_repository_ignores_is_missed(account, preset):
    account.publish("acme/reviews", preset)
    account.repositories["acme/reviews"].commit({})
    account.repositories["acme/reviews"].ignored = frozenset({"model.weights.h5"})
    with pytest.raises(StorageError, match=r"The hub left model\.weights\.h5 out of .*\.gitignore"):
        modelry.upload_preset("hf://acme/reviews", preset)


def test_a_commit_cannot_be_published_to(account, preset):
    with pytest.raises(InputError, match="names a commit, which never changes"):
        modelry.upload_preset(f"hf://acme/reviews@{'0' * 40}", preset)


def test_the_token_that_is_given_is_the_one_that_is_shown(account, preset, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    modelry.upload_preset("hf://acme/secret", preset, private=True, token=TOKEN)
    files = open_preset("hf://acme/secret", OpenOptions(token=TOKEN))
    assert json.loads(files.path("modelry.json").read_bytes())["labels"] == ["negative", "positive"]


@pytest.mark.parametrize(
    ("where", "doing"),
    [
        ("/api/models/acme/reviews", "looking at the repository"),
        ("/api/validate-yaml", "checking the model card"),
        ("/preupload/", "sending the files"),
        ("/lfs/", "sending the files"),
    ],
)
def test_a_hub_that_never_answers_is_given_up_and_no_commit_is_made_later(account, preset, where, doing):
    account.publish("acme/reviews", preset)
    before = dict(account.repositories["acme/reviews"].refs)
    weights = (preset / "model.weights.h5").read_bytes()
    (preset / "model.weights.h5").write_bytes(weights + b"more")
    (preset / "modelry.json").unlink()
    released, answer = threading.Event(), account.answer

    def waiting(request):
        if where in request.path:
            released.wait(60)
        return answer(request)

    account.answer = waiting
    with pytest.raises(
        DeadlineExceeded,
        match=rf"Cannot publish to 'hf://acme/reviews': {doing} has not ended after 1 seconds.*See http",
    ):
        modelry.upload_preset("hf://acme/reviews", preset, deadline=1)
    released.set()
    assert ended()
    assert account.repositories["acme/reviews"].refs == before
    assert [one.path for one in account.log if "/commit/" in one.path] == []


def test_a_hub_that_trickles_is_given_up(account, preset):
    account.publish("acme/reviews", preset)
    (preset / "README.md").write_text("new")
    fault = account.fail(Kind.TRICKLE, "/preupload/")
    with pytest.raises(DeadlineExceeded, match=r"sending the files has not ended after 1 seconds.*deadline="):
        modelry.upload_preset("hf://acme/reviews", preset, deadline=1)
    fault.released.set()
    assert ended()
    assert len(account.repositories["acme/reviews"].commits) == 1


def test_a_commit_that_was_under_way_is_there_as_a_whole(account, preset):
    account.publish("acme/reviews", preset)
    (preset / "README.md").write_text("new")
    fault = account.fail(Kind.HANG, "/commit/")
    with pytest.raises(DeadlineExceeded, match="committing the files has not ended"):
        modelry.upload_preset("hf://acme/reviews", preset, deadline=1)
    fault.released.set()
    assert ended()
    repository = account.repositories["acme/reviews"]
    assert repository.commits[repository.refs["main"]] == contents(preset)
    modelry.upload_preset("hf://acme/reviews", preset, deadline=60)
    assert len(repository.commits) == 2
