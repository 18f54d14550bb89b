"""A hub on this machine, a client that knows no other, and an empty cache of its own."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub.constants
import pytest

from ..stand_ins.hub import Hub

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with nothing in it, which `hf://` leads to."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    # The client has read its own variables when it was imported.
    constants = {
        "HF_HUB_CACHE": str(tmp_path / "hf"),
        "HF_TOKEN_PATH": str(tmp_path / "token"),
        "HF_HUB_DOWNLOAD_TIMEOUT": 0.5,
        "HF_HUB_DISABLE_XET": True,
    }
    for name, value in constants.items():
        monkeypatch.setattr(huggingface_hub.constants, name, value)
    with Hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def reviews(hub):
    """A preset in KerasHub's layout, published as `acme/reviews`: its folder."""
    folder = FIXTURES / "keras_hub/bert"
    hub.publish("acme/reviews", folder, "v2")
    return folder
