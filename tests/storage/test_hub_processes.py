"""Presets of the hubs, read by processes of their own: several at once, and without a network."""

import hashlib
import json
import os
import random
import subprocess
import sys

import attrs
import pytest

from .stand_ins import reader
from .stand_ins.hub import Hub
from .stand_ins.hub_repository import HubRepository
from .stand_ins.kaggle import Kaggle, KaggleModel

WEIGHTS = random.Random(0).randbytes(3_000_000)
FILES = {"config.json": b"{}", "model.weights.h5": WEIGHTS}
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()
PROCESSES, ROUNDS = 8, 3


@attrs.frozen
class Store:
    """A stand-in with a preset, its reference, and the variables that lead a process to it."""

    server: Hub | Kaggle
    reference: str
    variables: dict[str, str]

    def reader(self) -> subprocess.Popen[str]:
        """Start a process that reads what it is told to."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "KAGGLE"))}
        return subprocess.Popen(
            [sys.executable, reader.__file__],
            env=kept | {"PYTHONPATH": os.pathsep.join(sys.path)} | self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(params=["hf", "kaggle"])
def store(request, tmp_path):
    home = {"HOME": str(tmp_path)}
    if request.param == "hf":
        with Hub() as server:
            server.repositories["acme/reviews"] = HubRepository()
            server.repositories["acme/reviews"].commit(FILES)
            yield Store(
                server, "hf://acme/reviews", home | {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "hf")}
            )
    else:
        with Kaggle() as server:
            server.models["acme/reviews/keras/base"] = KaggleModel({1: FILES})
            variables = {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "KAGGLE_STAND_IN": server.url}
            yield Store(server, "kaggle://acme/reviews/keras/base", home | variables)


def tell(process, **what):
    process.stdin.write(json.dumps(what) + "\n")
    process.stdin.flush()


def told(process):
    line = process.stdout.readline()
    assert line, f"the process ended with {process.wait()}"
    return json.loads(line)


def weights_sent(store):
    """Return how often the weights were sent; what only leads to them is not counted."""
    paths = [one.path for one in store.server.log]
    return len([path for path in paths if path.endswith("model.weights.h5") and "/resolve/" not in path])


def test_several_processes_share_an_empty_cache(store, tmp_path):
    processes = [store.reader() for _ in range(PROCESSES)]
    for number in range(ROUNDS):
        store.server.log.clear()
        unlocked = number == ROUNDS - 1
        for process in processes:
            tell(process, reference=store.reference, cache_dir=str(tmp_path / f"cache{number}"), unlocked=unlocked)
        assert [told(process)["sha256"] for process in processes] == [DIGEST] * PROCESSES
        # Where locks work, one process fetches and the others wait.
        assert weights_sent(store) == 1 or (unlocked and weights_sent(store) <= PROCESSES)
    for process in processes:
        process.communicate()


def test_offline_opens_no_socket_and_imports_no_client(store, tmp_path):
    cache = str(tmp_path / "cache")
    online = store.reader()
    tell(online, reference=store.reference, cache_dir=cache)
    assert "socket.connect" in told(online)["network"]
    online.communicate()
    offline = attrs.evolve(store, variables=store.variables | {"KAGGLE_STAND_IN": ""}).reader()
    tell(offline, reference=store.reference, cache_dir=cache, offline=True)
    assert told(offline) == {"sha256": DIGEST, "network": [], "clients": []}
    offline.communicate()
