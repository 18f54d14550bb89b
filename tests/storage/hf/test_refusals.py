"""What the hub refuses is said so that the reader knows what to do, and no token is in it."""

import functools

import huggingface_hub.constants
import pytest

from modelry.errors import InputError, PresetNotFound
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

from ..refusals import message_of
from ..stand_ins.hub_repository import HubRepository

MINE = "hf_mine0123456789secret"
OTHERS = "hf_others0123456789secret"


@pytest.fixture
def guarded(hub, reviews):
    """The preset of `reviews`, which only one token may read."""
    hub.tokens |= {MINE, OTHERS}
    repository = hub.repositories["acme/reviews"]
    repository.readers = frozenset({MINE})
    return repository


refused = functools.partial(message_of, tokens=(MINE, OTHERS, "hf_nobody"))


def test_a_gated_repository_says_where_its_terms_are(hub, guarded):
    guarded.gated = True
    message = refused("hf://acme/reviews@v2")
    assert f"is gated: who uses it must accept its terms first. Open {hub.url}/acme/reviews, log in" in message
    assert "run `hf auth login`, set HF_TOKEN, or pass token=" in message
    assert "is gated" in refused("hf://acme/reviews@v2", token=OTHERS)
    assert "config.json" in open_preset("hf://acme/reviews@v2", OpenOptions(token=MINE))


def test_a_private_repository_looks_as_if_it_were_not_there(hub, guarded):
    for options in ({}, {"token": OTHERS}):
        message = refused("hf://acme/reviews@v2", PresetNotFound, **options)
        assert f"{hub.url} shows no model repository 'acme/reviews'" in message
        assert "Check the spelling. If it is private, its owner must have let you in" in message
        assert "run `hf auth login`, set HF_TOKEN, or pass token=" in message


def test_an_unknown_repository_is_said_in_the_same_way(hub):
    assert "shows no model repository 'acme/nothing'" in refused("hf://acme/nothing", PresetNotFound)


@pytest.mark.parametrize("way", ["option", "variable", "login"])
def test_a_token_is_shown_to_the_hub_and_to_nobody_else(hub, guarded, monkeypatch, tmp_path, way):
    if way == "variable":
        monkeypatch.setenv("HF_TOKEN", MINE)
    elif way == "login":
        (tmp_path / "token").write_text(MINE)
    files = open_preset("hf://acme/reviews@v2", OpenOptions(token=MINE) if way == "option" else None)
    assert files.path("model.weights.h5").stat().st_size == 228_696
    shown = {"/large/" in one.path: one.token for one in hub.log}
    assert shown == {False: MINE, True: None}


def test_no_token_is_in_the_cache(hub, guarded, cache):
    open_preset("hf://acme/reviews@v2", OpenOptions(token=MINE)).path("config.json")
    written = [path for path in cache.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if MINE in str(path) or MINE.encode() in path.read_bytes()]


def test_a_wrong_token_is_said_to_be_wrong(hub, reviews, monkeypatch):
    message = refused("hf://acme/reviews@v2", token="hf_nobody")
    assert "The token that was given as token= is not valid" in message
    assert f"{hub.url}/settings/tokens makes a new one" in message
    monkeypatch.setenv("HF_TOKEN", "hf_nobody")
    assert "Your token (of HF_TOKEN, or of a login) is not valid" in refused("hf://acme/reviews@v2")


def test_an_unknown_revision_is_named(hub, reviews):
    message = refused("hf://acme/reviews@v3", PresetNotFound)
    assert "'acme/reviews' has no branch, tag or commit 'v3'" in message
    assert f"{hub.url}/acme/reviews/tree/main lists those that there are" in message


def test_an_unknown_folder_has_a_near_miss(hub, reviews):
    hub.publish("acme/many", reviews, within="english/")
    message = refused("hf://acme/many/englsh", PresetNotFound)
    assert "has no folder 'englsh' at revision 'main'" in message
    assert "Did you mean 'english'?" in message


def test_a_file_is_no_preset(hub, reviews):
    hub.publish("acme/many", reviews, within="english/")
    message = refused("hf://acme/many/english/config.json")
    assert message == (
        "'hf://acme/many/english/config.json' is a file, and a preset is a folder. Name the folder that the file is in."
    )


def test_an_empty_repository_is_no_preset(hub):
    hub.repositories["acme/empty"] = HubRepository()
    hub.repositories["acme/empty"].commit({})
    assert "is empty at revision 'main'" in refused("hf://acme/empty", PresetNotFound)


@pytest.mark.parametrize(
    ("status", "words", "message"),
    [
        (403, "Access to this resource is disabled.", "was disabled by its owner or by the hub"),
        (403, "Your token lacks the permission", "does not let you read 'hf://acme/reviews@v2'"),
        (451, "Unavailable for legal reasons", "cannot be opened: HfHubHTTPError: Client error '451"),
    ],
)
def test_other_refusals_are_told(hub, reviews, status, words, message):
    hub.repositories["acme/reviews"].refused = (status, words)
    assert message in refused("hf://acme/reviews@v2")
    assert len(hub.log) == 1  # there is no point in another try


def test_a_listed_file_that_is_gone_is_told(hub, reviews):
    files = open_preset("hf://acme/reviews@v2")
    repository = hub.repositories["acme/reviews"]
    del repository.commits[repository.refs["v2"]]["config.json"]
    with pytest.raises(PresetNotFound, match=r"The hub has a file of 'hf://acme/reviews@v2' no more"):
        files.path("config.json")


def test_the_clients_own_offline_switch_is_named(hub, reviews, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    huggingface_hub.close_session()
    try:
        assert "HF_HUB_OFFLINE keeps its client off the network" in refused("hf://acme/reviews@v2")
    finally:
        huggingface_hub.close_session()
    assert hub.log == []


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://hub.example.org", "http:// shows the token"),
        ("http://10.0.0.1:8080", "http:// shows the token"),
        ("http://127.0.0.1.example.org", "http:// shows the token"),
        ("https://me:secret@hub.example.org", "has a user name in it"),
        ("ftp://hub.example.org", "has another form"),
        ("hub.example.org", "has another form"),
        ("https://hub.example.org?x=1", "has another form"),
    ],
)
def test_an_endpoint_that_would_give_the_token_away_is_refused(hub, monkeypatch, address, message):
    assert message in refused("hf://a/b", InputError, storage_options={"endpoint": address})
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert message in refused("hf://a/b", InputError)
    assert "secret" not in refused("hf://a/b", InputError)


def test_an_endpoint_can_be_given_for_one_call(hub, reviews, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
    files = open_preset("hf://acme/reviews@v2", OpenOptions(storage_options={"endpoint": f"{hub.url}/"}))
    assert "config.json" in files
    message = refused("hf://a/b", InputError, storage_options={"endpont": hub.url})
    assert "takes no storage option 'endpont', only 'endpoint'. Did you mean 'endpoint'?" in message
