"""A store that never comes to an end is given up in time."""

from __future__ import annotations

import contextlib
import hashlib
import signal
import threading

import pytest

from modelry import isolated, registry
from modelry.errors import DeadlineExceeded, InputError
from modelry.storage import retries
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions
from modelry.storage.remote import RemoteStorage
from modelry.storage.remote_source import ByteStream, RemoteFile, RemoteSource, Snapshot

from .threads import ended

CONTENT = b"film" * 1000
SOON = OpenOptions(deadline=0.3)


class Store(RemoteStorage):
    def source(self, reference, options):
        return Source()


class Source(RemoteSource):
    """A preset of one file, and a client that waits inside the step that a test names until it is released."""

    waits_in = ""
    released = threading.Event()
    uri = "tray://x"

    def resolve(self):
        self._wait("resolve")
        return Snapshot((RemoteFile("a.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest()),), "1")

    @contextlib.contextmanager
    def read(self, snapshot, file, offset):
        self._wait("read")
        yield ByteStream(self._chunks(offset), start=offset)

    def _chunks(self, offset):
        yield CONTENT[offset : offset + 1000]
        self._wait("chunks")
        yield CONTENT[offset + 1000 :]

    def _wait(self, step):
        if step == self.waits_in:
            assert self.released.wait(60)


@pytest.fixture
def tray(monkeypatch):
    monkeypatch.setattr(Source, "released", threading.Event())
    with isolated():
        registry.register("storage", "tray", Store)
        yield lambda step: monkeypatch.setattr(Source, "waits_in", step)
        Source.released.set()


@pytest.mark.parametrize("step", ["resolve", "read", "chunks"])
def test_a_client_that_never_returns_is_given_up(tray, step):
    tray(step)
    with pytest.raises(DeadlineExceeded, match=r"it has not ended after 0\.3 seconds.*pass a longer deadline="):
        open_preset("tray://x", SOON).path("a.bin")
    tray("")
    assert open_preset("tray://x", SOON).path("a.bin").read_bytes() == CONTENT
    Source.released.set()
    assert ended()  # those who were left alone come to nothing
    assert open_preset("tray://x", SOON).path("a.bin").read_bytes() == CONTENT


def test_a_server_that_trickles_is_given_up_and_what_came_is_kept(web, preset):
    url = f"{web.url}/sentiment"
    web.faults.extend(["trickle"])
    with pytest.raises(
        DeadlineExceeded, match=r"config\.json of .* could not be fetched: it has not ended after 1 seconds"
    ):
        open_preset(url, OpenOptions(deadline=1)).path("config.json")
    assert open_preset(url).path("config.json").read_bytes() == (preset / "config.json").read_bytes()
    assert web.requests[-1][1] is not None


def test_the_deadline_grows_with_the_file():
    assert OpenOptions().seconds_for(None) == 900
    assert OpenOptions().seconds_for(2**30) == 900 + 4096


@pytest.mark.parametrize("deadline", [0, -1, True, "soon", float("nan"), float("inf")])
def test_a_deadline_is_a_number_of_seconds(deadline):
    with pytest.raises(InputError, match="deadline must be a positive number of seconds"):
        OpenOptions(deadline=deadline)


@pytest.fixture
def interruptible():
    """A process that heeds an interrupt, which one that a script has put in the background does not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_call_that_is_given_up_ends_at_its_next_step(interruptible):
    for interrupted in (False, True):
        cancellation, waiting, begun = retries.Cancellation(), threading.Event(), []

        def call(cancellation=cancellation, waiting=waiting, begun=begun, interrupted=interrupted):
            if interrupted:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            assert waiting.wait(60)
            cancellation.check("the next step")
            begun.append("it")

        with pytest.raises(KeyboardInterrupt if interrupted else DeadlineExceeded):
            retries.call_within(call, 60 if interrupted else 0.1, cancellation)
        waiting.set()
        assert ended()
        assert begun == []
