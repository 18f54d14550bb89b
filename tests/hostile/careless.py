"""Loaders that trust what they read, as others did before there were advisories: what watches must see them."""

from __future__ import annotations

import base64
import importlib
import json
import marshal
import pickle
import types
import urllib.request
from pathlib import Path


def runs_lambdas(preset: str) -> None:
    """Run the bytecode of a lambda in the config (CVE-2024-3660)."""
    function = json.loads((Path(preset) / "config.json").read_text())["config"]["activation"]
    types.FunctionType(marshal.loads(base64.b64decode(function["config"]["value"])), {"open": open})()


def calls_what_is_named(preset: str) -> None:
    """Call the function that the config names (CVE-2025-1550)."""
    named = json.loads((Path(preset) / "config.json").read_text())["config"]["activation"]
    getattr(importlib.import_module(named["module"]), named["class_name"])(*named["config"]["arguments"])


def unpickles(preset: str) -> None:
    """Unpickle the weights."""
    pickle.loads((Path(preset) / "pytorch_model.bin").read_bytes())


def follows_links(preset: str) -> None:
    """Read the vocabulary, wherever it is."""
    (Path(preset) / "assets" / "tokenizer" / "vocabulary.txt").read_text()


def opens_paths(preset: str) -> None:
    """Read the vocabulary from where the config says (CVE-2025-12058)."""
    named = json.loads((Path(preset) / "tokenizer.json").read_text())["config"]["vocabulary"]
    if "://" in named:
        urllib.request.urlopen(named, timeout=1)
    else:
        Path(named).read_text()


def imports_what_is_named(preset: str) -> None:
    """Import the module that the config names."""
    importlib.import_module(json.loads((Path(preset) / "config.json").read_text())["module"])


def writes_what_is_named(preset: str) -> None:
    """Write a file by the name of the model (CVE-2026-12479)."""
    name = json.loads((Path(preset) / "config.json").read_text())["config"]["name"]
    (Path(preset) / name).write_text("written")
