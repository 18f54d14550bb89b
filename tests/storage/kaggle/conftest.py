"""Kaggle on this machine, and a client that knows no other."""

from __future__ import annotations

from pathlib import Path

import kagglesdk.kaggle_env
import pytest

from ..stand_ins.kaggle import Kaggle

FIXTURES = Path(__file__).parents[2] / "fixtures"
MODEL = "keras/bert/keras/bert_tiny"


@pytest.fixture
def kaggle(tmp_path, monkeypatch):
    """Kaggle with nothing on it, which `kaggle://` leads to."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    with Kaggle() as kaggle:
        # The client has no setting for an address.
        local = kagglesdk.kaggle_env.KaggleEnv.LOCAL
        monkeypatch.setitem(kagglesdk.kaggle_env._env_to_endpoint, local, kaggle.url)
        yield kaggle


@pytest.fixture
def tiny(kaggle):
    """A preset in KerasHub's layout, published as version 1 of `MODEL`: its folder."""
    folder = FIXTURES / "keras_hub/bert"
    kaggle.publish(MODEL, folder)
    return folder
