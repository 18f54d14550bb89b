"""A store that is too slow to publish to is given up, and readers never see a part of a preset."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest

import modelry
from modelry.errors import DeadlineExceeded, InputError, PresetNotFound
from modelry.presets.read import read_recipe
from modelry.storage.filesystems.storage import FilesystemDestination
from modelry.storage.open import open_preset
from modelry.testing.presets import contents

from .servers import PASSWORD, USER, webdav
from .stand_ins.relay import Relay
from .threads import ended

WEIGHTS = "model.weights.h5"
SOON = 3
"""Seconds; far more than a store on this machine takes."""


@pytest.fixture(params=["s3", "webdav", "sftp"])
def place(request, tmp_path, monkeypatch):
    """A relay to a store, and a reference to an empty place behind it."""
    if request.param == "s3":
        request.getfixturevalue("bucket")
        with Relay(urlsplit(request.getfixturevalue("object_store")).port) as relay:
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{relay.port}")
            yield relay, "s3://presets/shelf/sentiment"
    elif request.param == "webdav":
        (tmp_path / "shelf").mkdir()
        with webdav(tmp_path / "shelf") as port, Relay(port) as relay:
            yield relay, f"webdav://{USER}:{PASSWORD}@127.0.0.1:{relay.port}/sentiment"
    else:
        host = request.getfixturevalue("sftp_host")
        known = tmp_path / "home/.ssh/known_hosts"
        port = host.rpartition(":")[2]
        with Relay(int(port)) as relay:
            known.write_text(known.read_text().replace(f":{port} ", f":{relay.port} "))
            yield relay, f"sftp://{USER}:{PASSWORD}@127.0.0.1:{relay.port}/sentiment"


def break_down(monkeypatch, relay, fault, step, name=None):
    """Let the relay break down when a step of publishing begins; return the steps that were begun."""
    begun = []
    for one in ("files", "write", "remove"):
        done = getattr(FilesystemDestination, one)

        def watched(self, *arguments, one=one, done=done):
            begun.append((one, *arguments[:1]))
            if (one, *arguments[:1]) == ((step,) if name is None else (step, name)):
                relay.break_down(fault)
            return done(self, *arguments)

        monkeypatch.setattr(FilesystemDestination, one, watched)
    return begun


@pytest.mark.parametrize(
    ("fault", "step", "what"),
    [
        ("hang", ("write", WEIGHTS), rf"Cannot write {WEIGHTS} to"),
        ("trickle", ("write", WEIGHTS), rf"Cannot write {WEIGHTS} to"),
        ("hang", ("write", "config.json"), r"Cannot write config\.json to"),
        ("hang", ("remove", "config.json"), r"Cannot remove config\.json of the older preset from"),
        ("hang", ("files",), "Cannot list"),
    ],
)
def test_a_store_that_takes_too_long_is_given_up(place, preset, other, monkeypatch, fault, step, what):
    relay, reference = place
    modelry.upload_preset(reference, other)
    with monkeypatch.context() as patched:
        begun = break_down(patched, relay, fault, *step)
        with pytest.raises(
            DeadlineExceeded,
            match=rf"{what} .* has not ended after {SOON} seconds.*readers never see a part.*deadline=",
        ) as caught:
            modelry.upload_preset(reference, preset, deadline=SOON)
        assert time.monotonic() - relay.broken_since < 4 * SOON
        assert PASSWORD not in str(caught.value)
        relay.release()
        assert ended()  # what was given up comes to an end, too, and goes on with nothing
        assert begun[-1] == step
    try:
        files = open_preset(reference) if step == ("files",) else read_recipe(reference).files
    except PresetNotFound:
        found = None
    else:
        found = {name: files.path(name).read_bytes() for name in files.names()}
    assert (
        found
        in {
            ("write", WEIGHTS): [None],
            ("write", "config.json"): [None, contents(preset)],  # it was on its way, and all else was there
            ("remove", "config.json"): [None, contents(other)],
            ("files",): [contents(other)],
        }[step]
    )
    modelry.upload_preset(reference, preset, deadline=60)
    files = open_preset(reference)
    assert {name: files.path(name).read_bytes() for name in files.names()} == contents(preset)


def test_a_step_is_not_tried_again_after_its_time(memory, preset, monkeypatch):
    tried = []

    def busy(self, name, path, sent):
        tried.append(name)
        time.sleep(0.3)
        raise ConnectionResetError("reset")

    monkeypatch.setattr(FilesystemDestination, "write", busy)
    with pytest.raises(DeadlineExceeded, match=r"has not ended after 0\.1 seconds"):
        modelry.upload_preset("memory://p", preset, deadline=0.1)
    assert ended()
    assert len(tried) == 1


def test_a_model_is_saved_with_a_deadline(memory, tmp_path):
    from modelry import TextClassifier

    classifier = TextClassifier.from_preset("bert_micro_sst2")
    classifier.save_to_preset("memory://p", deadline=60)
    assert TextClassifier.from_preset("memory://p", deadline=60).labels == classifier.labels
    with pytest.raises(InputError, match="deadline= is for presets that are published"):
        classifier.save_to_preset(tmp_path / "p", deadline=60)


@pytest.mark.parametrize("deadline", [0, -1, True, "soon"])
def test_a_deadline_is_a_number_of_seconds(memory, preset, deadline):
    with pytest.raises(InputError, match="deadline must be a positive number of seconds"):
        modelry.upload_preset("memory://p", preset, deadline=deadline)
