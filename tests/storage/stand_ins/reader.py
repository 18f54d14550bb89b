"""A process of its own that reads presets: for each line of JSON that it is told, it prints what it found.

A line holds `reference` and the options to open it with, or `unlocked`, which makes locks do nothing, as on some
network file systems. The answer has the SHA-256 of the weights, the network calls that were made meanwhile, and which
of the hubs' clients have been imported so far.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys

NETWORK = {"socket.__new__", "socket.connect", "socket.getaddrinfo"}
CLIENTS = ("huggingface_hub", "kagglehub", "kagglesdk")

calls: list[str] = []
sys.addaudithook(lambda event, _: calls.append(event) if event in NETWORK else None)


def read(told: dict[str, str | bool]) -> dict[str, object]:
    from modelry.storage.cache import cache
    from modelry.storage.open import open_preset
    from modelry.storage.options import OpenOptions

    if told.pop("unlocked", False):
        cache.locked = lambda *_: contextlib.nullcontext()
    calls.clear()
    path = open_preset(told.pop("reference"), OpenOptions(**told)).path("model.weights.h5")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"sha256": digest, "network": list(calls), "clients": [name for name in CLIENTS if name in sys.modules]}


def lead_to(kaggle: str) -> None:
    """Lead `kaggle://` to a stand-in; the client has no setting for an address."""
    import kagglesdk.kaggle_env

    kagglesdk.kaggle_env._env_to_endpoint[kagglesdk.kaggle_env.KaggleEnv.LOCAL] = kaggle


if __name__ == "__main__":
    if kaggle := os.environ.get("KAGGLE_STAND_IN"):
        lead_to(kaggle)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(read(json.loads(line))) + "\n")
        sys.stdout.flush()
