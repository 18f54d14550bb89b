"""Whatever goes wrong on the way, what is loaded is right, or a clean error says what failed."""

import hashlib
import json

import attrs
import huggingface_hub.constants
import pytest

from modelry.errors import StorageError, UnsafePresetError
from modelry.storage import retries
from modelry.storage.hf import source
from modelry.storage.open import open_preset

from ..stand_ins.faults import PASSING, Kind
from ..stand_ins.hub import Hub

WEIGHTS = "model.weights.h5"
SIZE = 228_696


@pytest.fixture
def digest(reviews):
    return hashlib.sha256((reviews / WEIGHTS).read_bytes()).hexdigest()


def fetched():
    return hashlib.sha256(open_preset("hf://acme/reviews@v2").path(WEIGHTS).read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("times", [1, 2])
def test_a_large_file_comes_right_in_the_end(hub, digest, kind, times):
    hub.fail(kind, f"/large/.*{WEIGHTS}", times)
    assert fetched() == digest


@pytest.mark.parametrize("kind", [kind for kind in PASSING if kind not in (Kind.FLIP, Kind.SHORT, Kind.WHOLE)])
def test_the_listing_comes_right_in_the_end(hub, digest, monkeypatch, kind):
    monkeypatch.setattr(source, "LISTING_TIMEOUT", 0.5)
    hub.fail(kind, "/api/models/")
    assert fetched() == digest
    assert hub.faults[0].times == 0


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.RESET, Kind.TOO_MANY])
def test_the_way_to_a_large_file_comes_right_in_the_end(hub, digest, kind):
    hub.fail(kind, f"/resolve/.*{WEIGHTS}")
    assert fetched() == digest


def test_an_ignored_range_does_not_mix_what_it_should_not(hub, digest):
    hub.fail(Kind.CLOSE_MIDWAY, "/large/")
    hub.fail(Kind.WHOLE, "/large/")
    assert fetched() == digest
    assert [fault.times for fault in hub.faults] == [0, 0]


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.RESET, Kind.FLIP, Kind.SHORT])
def test_what_does_not_pass_is_a_clean_error(hub, reviews, digest, kind):
    fault = hub.fail(kind, "/large/", times=1000)
    with pytest.raises(StorageError, match=rf"{WEIGHTS} of 'hf://acme/reviews@v2'"):
        fetched()
    fault.times = 0
    assert fetched() == digest


def test_a_hub_that_is_not_there_is_a_clean_error(hub, reviews, monkeypatch):
    monkeypatch.setattr(retries, "PATIENCE_WITHOUT_REPLY", 0)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match=r"'hf://acme/reviews' cannot be opened: ConnectError.*cannot be reached"):
        open_preset("hf://acme/reviews")


def test_waiting_has_an_end(hub, reviews, monkeypatch):
    monkeypatch.setattr(retries, "PATIENCE_WITHOUT_REPLY", 0)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.1)
    hub.fail(Kind.HANG, "/resolve/.*config.json", times=1000)
    with pytest.raises(StorageError, match=r"config.json of .* could not be fetched: ReadTimeout"):
        open_preset("hf://acme/reviews@v2").path("config.json")


class LyingHub(Hub):
    """A hub that tells what no hub would.

    Attributes:
        lie: Changes the description of a repository.
    """

    lie = staticmethod(lambda told: None)

    def answer(self, request):
        reply = super().answer(request)
        if request.path.startswith("/api/models/"):
            told = json.loads(reply.body)
            self.lie(told)
            reply = attrs.evolve(reply, body=json.dumps(told).encode())
        return reply


@pytest.fixture
def lying(hub, reviews, monkeypatch):
    """A function that opens `acme/reviews` at a hub that lies."""
    with LyingHub() as liar:
        liar.repositories = hub.repositories
        monkeypatch.setenv("HF_ENDPOINT", liar.url)

        def opened(lie):
            liar.lie = lie
            return open_preset("hf://acme/reviews@v2")

        yield opened


def large(told):
    return next(one for one in told["siblings"] if "lfs" in one)


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (lambda told: told.update(sha="../../../evil"), "reports '../../../evil' as the commit"),
        (lambda told: told.update(sha="main"), "reports 'main' as the commit"),
        (lambda told: told.update(sha=None), "reports None as the commit"),
        (lambda told: told["siblings"][0].update(rfilename="../../evil"), "leads out of the preset"),
        (lambda told: told["siblings"][0].update(rfilename="/etc/passwd"), "leads out of the preset"),
        (lambda told: told["siblings"][0].update(rfilename="C:\\evil"), "leads out of the preset"),
        (lambda told: told["siblings"][0].update(blobId="../evil"), "'../evil' as the git SHA-1"),
        (lambda told: large(told)["lfs"].update(sha256="../" * 20 + "evil"), "as the SHA-256"),
        (lambda told: large(told)["lfs"].update(size=-1), "a size of -1 bytes"),
    ],
)
def test_what_no_hub_tells_is_refused(lying, tmp_path, lie, message):
    with pytest.raises((StorageError, UnsafePresetError)) as caught:
        lying(lie)
    assert message in str(caught.value)
    assert not list(tmp_path.rglob("*evil*"))


def test_another_digest_than_that_of_the_file_is_noticed(lying):
    files = lying(lambda told: large(told)["lfs"].update(sha256="0" * 64))
    with pytest.raises(StorageError, match=r"has other content than the digest that the store .* has for it \(0000"):
        files.path(WEIGHTS)


def test_a_listing_that_may_lack_files_is_refused(hub, reviews, monkeypatch):
    monkeypatch.setattr(source, "MOST_FILES", 3)
    with pytest.raises(StorageError, match="has more than 3 files, and the hub may not list them all"):
        open_preset("hf://acme/reviews@v2")
