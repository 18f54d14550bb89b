"""What Kaggle refuses is said so that the reader knows what to do, and no token is in it."""

import functools

import pytest

from modelry.errors import InputError, PresetNotFound
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

from ..refusals import message_of
from .conftest import MODEL

MINE, NOBODYS = "kgat_mine0123456789", "kgat_nobody0123456789"
PAGE = f"https://www.kaggle.com/models/{MODEL}"


refused = functools.partial(message_of, tokens=(MINE, NOBODYS))


def test_a_licence_that_asks_for_consent_says_where(kaggle, tiny):
    kaggle.models[MODEL].needs_consent = True
    message = refused(f"kaggle://{MODEL}")
    assert f"its licence asks for your consent: open {PAGE}, log in, and accept it" in message
    assert "set KAGGLE_API_TOKEN, run kagglehub.login(), or pass token=" in message


@pytest.mark.parametrize("way", ["option", "variable", "file", "old file"])
def test_a_private_model_is_read_with_a_token_that_the_files_host_never_sees(kaggle, tiny, monkeypatch, tmp_path, way):
    kaggle.tokens.add(MINE)
    kaggle.models[MODEL].readers = frozenset({MINE})
    assert "it is private, and its owner must let you in" in refused(f"kaggle://{MODEL}")
    kaggle.log.clear()
    if way == "variable":
        monkeypatch.setenv("KAGGLE_API_TOKEN", MINE)
    elif way == "file":
        (tmp_path / ".kaggle").mkdir()
        (tmp_path / ".kaggle/access_token").write_text(MINE)
    elif way == "old file":
        (tmp_path / "token").write_text(MINE)
        monkeypatch.setenv("KAGGLE_API_TOKEN", str(tmp_path / "token"))
    files = open_preset(f"kaggle://{MODEL}", OpenOptions(token=MINE) if way == "option" else None)
    assert files.path("config.json").read_bytes() == (tiny / "config.json").read_bytes()
    assert {one.path.startswith("/files/"): one.token for one in kaggle.log} == {False: MINE, True: None}


def test_a_wrong_token_is_said_to_be_wrong(kaggle, tiny):
    message = refused(f"kaggle://{MODEL}", token=NOBODYS)
    assert "Kaggle does not accept your token" in message
    assert "https://www.kaggle.com/settings makes a new one" in message


def test_an_unknown_model_or_version_is_named(kaggle, tiny):
    message = refused("kaggle://keras/bert/keras/nothing", PresetNotFound)
    assert "Kaggle has no model 'keras/bert/keras/nothing' (from" in message
    assert "Check the spelling; https://www.kaggle.com/models/keras/bert/keras/nothing" in message
    assert f"Kaggle has no model {MODEL!r} in version 9" in refused(f"kaggle://{MODEL}/9", PresetNotFound)


def test_an_unknown_framework_has_a_near_miss(kaggle):
    message = refused("kaggle://keras/bert/kerass/x/1")
    assert "Kaggle knows no framework 'kerass'" in message
    assert "Did you mean 'keras'?" in message


def test_damaged_credentials_are_said_to_be_damaged(kaggle, tiny, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/kaggle.json").write_text("{")
    assert "credentials for Kaggle on this machine cannot be read: Invalid Kaggle credentials file" in refused(
        f"kaggle://{MODEL}"
    )


def test_storage_options_are_refused(kaggle, tiny):
    message = refused(f"kaggle://{MODEL}", InputError, storage_options={"endpoint": "http://x"})
    assert "cannot be opened with storage_options=: the handler of kaggle:// references takes only" in message
