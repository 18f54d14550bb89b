"""Processes that fetch one preset at once, or are killed while they fetch.

`racer.py race|kill REFERENCE COUNT LOCKS SECONDS SEED`: each process that is killed has lived for up to SECONDS. Prints
JSON: how the processes ended, and whether what the cache holds in the end is right. `KAGGLE_STAND_IN` leads `kaggle://`
to a server on this machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import sys
import time

import aiohttp  # noqa: F401 - so that the children need not import it
import filelock
import fsspec.implementations.http  # noqa: F401
import huggingface_hub.hf_api  # noqa: F401
import kagglesdk.kaggle_client  # noqa: F401
from stand_ins.reader import lead_to

import modelry.storage.filesystems.storage  # noqa: F401
from modelry.storage.open import open_preset


def fetch(reference: str) -> int:
    """Fetch every file of a preset, and return how many are not what its manifest says."""
    files = open_preset(reference)
    listed = json.loads(files.path("modelry.json").read_text())["files"]
    return sum(
        hashlib.sha256(files.path(name).read_bytes()).hexdigest() != listed[name]["sha256"]
        for name in files.names() & set(listed)
    )


def start(reference: str) -> int:
    """Fetch in a process of its own, and return its id; its exit status is 0 if all is right."""
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            status = fetch(reference)
        finally:
            os._exit(status)
    return pid


def ending(pid: int) -> int:
    """Return the exit status of a process, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class NoLock:
    """A lock that everybody has."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def acquire(self, **_: object) -> contextlib.nullcontext[None]:
        """Return at once."""
        return contextlib.nullcontext()


def main(mode: str, reference: str, count: int, locks: bool, longest: float, seed: int) -> None:
    """Run one of the two."""
    if kaggle := os.environ.get("KAGGLE_STAND_IN"):
        lead_to(kaggle)
    if not locks:  # as on a file system whose locks do nothing
        filelock.FileLock = NoLock
    endings = []
    if mode == "race":
        endings = [ending(pid) for pid in [start(reference) for _ in range(count)]]
    else:
        chance = random.Random(seed)
        for _ in range(count):
            pid = start(reference)
            time.sleep(chance.uniform(0.02, longest))
            os.kill(pid, signal.SIGKILL)
            endings.append(ending(pid))
    print(json.dumps({"endings": endings, "after": ending(start(reference))}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "locks", float(sys.argv[5]), int(sys.argv[6]))
