"""Retries last as long as an outage, and waits end when nobody needs them."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from modelry import isolated, registry
from modelry.storage import retries
from modelry.storage.client_errors import Interrupted, looks_transient
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions
from modelry.storage.remote import RemoteStorage
from modelry.storage.remote_source import ByteStream, RemoteFile, RemoteSource, Snapshot


class Answer(Exception):
    """An error as HTTP clients have them."""

    def __init__(self, status, **headers):
        super().__init__(f"status {status}")
        self.status, self.headers = status, headers


class ReadTimeout(Exception):
    """A client's own name for a known thing."""


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (ReadTimeout(), True),
        (Answer(503), True),
        (Answer(429), True),
        (Answer(404), False),
        (Answer(403), False),
        (FileNotFoundError(), False),
        (PermissionError(), False),
        (ValueError("wrong"), False),
    ],
)
def test_which_errors_may_pass(error, transient):
    assert looks_transient(error) is transient


class Clock:
    """A clock that only sleeping moves; `slept` has the pauses."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for name, seconds in {
        "FIRST_PAUSE": 0.25,
        "LONGEST_PAUSE": 20.0,
        "PATIENCE": 180.0,
        "PATIENCE_WITHOUT_REPLY": 60.0,
    }.items():
        monkeypatch.setattr(retries, name, seconds)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def outage(clock, seconds, error):
    """Return a call that fails for some seconds."""

    def call():
        if clock.now < seconds:
            raise error
        return "done"

    return call


def retry(call, **arguments):
    return retries.Retrying(lambda _: None, retries.Cancellation()).call(call, **arguments)


@pytest.mark.parametrize(("seconds", "error"), [(30, ConnectionRefusedError()), (150, Answer(503))])
def test_an_outage_is_survived(clock, seconds, error):
    for _ in range(50):
        clock.now = 0.0
        assert retry(outage(clock, seconds, error)) == "done"
    assert max(clock.slept) <= retries.LONGEST_PAUSE


@pytest.mark.parametrize(("patience", "error"), [(60, ConnectionRefusedError()), (180, Answer(503))])
def test_patience_ends(clock, patience, error):
    with pytest.raises(type(error)):
        retry(outage(clock, 1000, error))
    assert patience <= clock.now <= patience + retries.LONGEST_PAUSE


def test_a_busy_server_is_asked_again_when_it_says(clock):
    assert retry(outage(clock, 60, Answer(429, **{"Retry-After": "60"}))) == "done"
    assert clock.slept == [60]


def test_a_date_says_when_too(clock):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry(outage(clock, 1, Answer(503, **{"retry-after": date}))) == "done"
    (slept,) = clock.slept
    assert 50 < slept <= 60


@pytest.mark.parametrize("value", ["soon", "", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_what_says_no_time_to_come_is_passed_over(clock, value):
    assert retry(outage(clock, 0.1, Answer(503, **{"Retry-After": value}))) == "done"
    assert clock.slept[0] < 1


def test_a_server_that_asks_for_more_than_patience_is_not_asked_too_soon(clock):
    with pytest.raises(Answer):
        retry(outage(clock, 1000, Answer(429, **{"Retry-After": "600"})))
    assert clock.slept == []


def test_progress_renews_patience(clock):
    came = [0]

    def call():
        clock.now += 50
        came[0] += 1
        if came[0] < 20:
            raise Interrupted("it ended")
        return "done"

    assert retry(call, progress=lambda: came[0]) == "done"
    assert clock.now > 180 * 3


def test_a_first_try_that_takes_long_is_tried_again(clock):
    def call():
        clock.now += 1000
        if clock.now < 2000:
            raise Answer(503)
        return "done"

    assert retry(call) == "done"


def test_instruments_see_no_text_of_a_client(clock, caplog):
    with caplog.at_level(logging.DEBUG, "stamina"):
        retry(outage(clock, 1, ConnectionError("https://u:secret@host")))
    assert caplog.records
    assert not any("secret" in str(vars(record)) for record in caplog.records)


class Stalled(RemoteSource):
    """A store whose client has no time-out, and whose files stop coming."""

    uri = "stall://x"
    released = threading.Event()

    def resolve(self):
        return Snapshot(tuple(RemoteFile(name, 100, validator="1") for name in "abcdef"))

    @contextlib.contextmanager
    def read(self, snapshot, file, offset):
        def chunks():
            yield b"x"
            self.released.wait(60)

        yield ByteStream(chunks(), 0, "1")


class Stall(RemoteStorage):
    def source(self, reference, options):
        return Stalled()


@pytest.mark.parametrize("names", ["a", "abcdef"])
def test_an_interrupt_ends_a_download_at_once(names):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    try:
        with isolated():
            registry.register("storage", "stall", Stall)
            files = open_preset("stall://x", OpenOptions(deadline=60))
            start = time.monotonic()
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                files.download(names)
            assert time.monotonic() - start < 5
            end = time.monotonic() + 5
            while time.monotonic() < end and any("ThreadPool" in one.name for one in threading.enumerate()):
                time.sleep(0.01)
            assert not any("ThreadPool" in one.name for one in threading.enumerate())
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
        Stalled.released.set()


SCRIPT = """
import os, signal, threading
import pytest
from modelry import registry, register
from tests.storage.test_retries import Stall
from modelry.storage.open import open_preset
signal.signal(signal.SIGINT, signal.default_int_handler)
register("storage", "stall", Stall)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
open_preset("stall://x").download("abcdef")
"""


def test_a_process_ends_after_an_interrupt(request):
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=request.config.rootpath, capture_output=True, text=True, timeout=50
    )
    assert "KeyboardInterrupt" in done.stderr
    assert time.monotonic() - start < 30
