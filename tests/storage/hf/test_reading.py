"""Presets on a hub are read as folders are, with few requests, and every file is checked."""

import hashlib
import json

import numpy as np
import pytest
from huggingface_hub import snapshot_download

from modelry import TextClassifier, models
from modelry.errors import ChecksumMismatch
from modelry.presets.verify import verify
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

from ..stand_ins.faults import Kind
from ..stand_ins.hub_repository import HubRepository
from .conftest import FIXTURES

WEIGHTS = "model.weights.h5"


def contents(files):
    return {name: files.path(name).read_bytes() for name in files.names()}


def on_disk(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def requested(hub):
    """Return what was asked for, shortly."""
    return [(one.method, one.path.rpartition("/")[2]) for one in hub.log]


def test_a_classifier_is_loaded_as_from_a_folder(reviews):
    texts = ["the quick brown fox", "a film"]
    here = TextClassifier.from_preset(reviews)
    there = TextClassifier.from_preset("hf://acme/reviews", revision="v2")
    np.testing.assert_array_equal(here.predict(texts), there.predict(texts))


def test_a_transformers_checkpoint_is_read_too(hub):
    folder = FIXTURES / "transformers/bert"
    hub.publish("acme/checkpoint", folder)
    here, there = (TextClassifier.from_preset(one) for one in (folder, "hf://acme/checkpoint"))
    np.testing.assert_array_equal(here.predict(["a film"]), there.predict(["a film"]))


def test_all_files_are_the_same_to_the_byte(hub, reviews):
    assert contents(open_preset("hf://acme/reviews@v2")) == on_disk(reviews)
    paths = {one.path for one in hub.log}
    assert any("/large/" in path for path in paths)
    assert any("/large/" not in path for path in paths if "/resolve/" in path)


def test_a_tokenizer_alone_fetches_no_weights(hub, reviews):
    tokenizer = models.BertTokenizer.from_preset("hf://acme/reviews@v2")
    assert tokenizer.vocabulary_size() == models.BertTokenizer.from_preset(reviews).vocabulary_size()
    assert {path for _, path in requested(hub)} >= {"vocabulary.txt"}
    assert not [path for _, path in requested(hub) if path.endswith(".h5")]


def test_a_folder_of_a_repository_is_a_preset(hub):
    folder = FIXTURES / "keras_hub/bert"
    hub.publish("acme/many", folder, within="english/small/")
    hub.repositories["acme/many"].commit(
        {**hub.repositories["acme/many"].commits[hub.repositories["acme/many"].refs["main"]], "README.md": b"#"}
    )
    assert contents(open_preset("hf://acme/many/english/small")) == on_disk(folder)
    assert open_preset("hf://acme/many/english").names() == {f"small/{name}" for name in on_disk(folder)}


def test_a_commit_that_is_cached_is_not_asked_for(hub, reviews):
    commit = hub.repositories["acme/reviews"].refs["v2"]
    reference = f"hf://acme/reviews@{commit}"
    first = contents(open_preset(reference))
    assert [method for method, _ in requested(hub)].count("GET") == len(hub.log)
    hub.log.clear()
    assert contents(open_preset(reference)) == first
    assert requested(hub) == []


def test_a_tag_that_is_cached_is_asked_for_once(hub, reviews):
    first = contents(open_preset("hf://acme/reviews@v2"))
    hub.log.clear()
    assert contents(open_preset("hf://acme/reviews", OpenOptions(revision="v2"))) == first
    assert requested(hub) == [("GET", "v2")]


def test_a_branch_is_followed_and_a_commit_stays(hub):
    repository = hub.publish("acme/moving", FIXTURES / "transformers/bert") and hub.repositories["acme/moving"]
    old = repository.refs["main"]
    files = dict(repository.commits[old])
    assert json.loads(open_preset("hf://acme/moving").path("config.json").read_text())["model_type"] == "bert"
    repository.commit({**files, "config.json": b'{"model_type": "other"}'})
    newest = open_preset("hf://acme/moving")
    assert newest.revision == repository.refs["main"] != old
    assert json.loads(newest.path("config.json").read_text()) == {"model_type": "other"}
    assert open_preset(f"hf://acme/moving@{old}").path("config.json").read_bytes() == files["config.json"]


@pytest.mark.parametrize("written", ["refs/pr/7", "refs%2Fpr%2F7"])
def test_a_pull_request_is_a_revision(hub, reviews, written):
    hub.publish("acme/reviews", FIXTURES / "transformers/bert", "refs/pr/7")
    assert "model.safetensors" in open_preset(f"hf://acme/reviews@{written}")


def test_files_are_known_by_content_across_repositories(hub, reviews):
    hub.publish("acme/fork", reviews)
    contents(open_preset("hf://acme/reviews@v2"))
    hub.log.clear()
    assert contents(open_preset("hf://acme/fork")) == on_disk(reviews)
    assert len(hub.log) == 1


def test_a_strangers_manifest_does_not_say_what_others_have(hub, reviews):
    ours, theirs = (reviews / "config.json").read_bytes(), b'{"not": "ours"}'
    lie = hashlib.sha256(theirs).hexdigest()
    listed = {"a.json": {"size": len(theirs), "sha256": lie}, "b.json": {"size": len(ours), "sha256": lie}}
    hub.repositories["evil/x"] = HubRepository()
    hub.repositories["evil/x"].commit(
        {"a.json": theirs, "b.json": ours, "modelry.json": json.dumps({"files": listed}).encode()}
    )
    evil = open_preset("hf://evil/x")
    assert evil.path("a.json").read_bytes() == theirs
    with pytest.raises(ChecksumMismatch, match=r"b.json of 'hf://evil/x' is another in the store"):
        evil.path("b.json")
    assert open_preset("hf://acme/reviews@v2").path("config.json").read_bytes() == ours


def test_what_the_hubs_own_cache_has_is_not_fetched_again(hub, reviews):
    snapshot_download("acme/reviews", revision="v2", endpoint=hub.url)
    hub.log.clear()
    assert contents(open_preset("hf://acme/reviews@v2")) == on_disk(reviews)
    assert requested(hub) == [("GET", "v2")]


def test_what_is_damaged_in_the_hubs_own_cache_is_fetched(hub, reviews, tmp_path):
    snapshot_download("acme/reviews", revision="v2", endpoint=hub.url)
    (cached,) = (tmp_path / "hf").rglob(f"snapshots/*/{WEIGHTS}")
    flipped = bytearray(cached.read_bytes())
    flipped[1000] ^= 1
    cached.resolve().write_bytes(flipped)
    hub.log.clear()
    assert contents(open_preset("hf://acme/reviews@v2")) == on_disk(reviews)
    assert requested(hub) == [("GET", "v2"), ("GET", WEIGHTS), ("GET", WEIGHTS)]  # and where the first one leads


def test_a_file_is_resumed_where_it_broke_off(hub, reviews):
    hub.fail(Kind.CLOSE_MIDWAY, "/large/.*model.weights")
    found = open_preset("hf://acme/reviews@v2").path(WEIGHTS)
    assert hashlib.sha256(found.read_bytes()).digest() == hashlib.sha256((reviews / WEIGHTS).read_bytes()).digest()
    size = (reviews / WEIGHTS).stat().st_size
    asked = [one.headers.get("range") for one in hub.log if "/large/" in one.path]
    assert asked == [None, f"bytes={size // 2}-"]


def test_files_are_verified_by_the_digests_of_the_hub(reviews):
    found = list(verify(open_preset("hf://acme/reviews@v2")))
    assert {one.name for one in found} == set(on_disk(reviews))
    assert {one.status for one in found} == {"ok"}
