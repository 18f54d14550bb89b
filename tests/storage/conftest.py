from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import modelry_bert
from modelry.storage import retries

from .web import Web

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """An empty cache of the test's own; and pauses that are short, between servers that are near."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("MODELRY_CACHE", str(folder))
    monkeypatch.delenv("MODELRY_OFFLINE", raising=False)
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.001)
    return folder


@pytest.fixture
def preset(tmp_path):
    """A copy of a real preset, with a manifest."""
    return Path(shutil.copytree(PRESET, tmp_path / "sentiment"))


@pytest.fixture
def web(tmp_path):
    """A web server on this machine that serves `tmp_path`, and misbehaves when told to."""
    with Web(tmp_path) as server:
        yield server
