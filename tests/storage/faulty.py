"""Load presets from a server that fails in every way that is known, again and again, and count how that ends."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING

from modelry.errors import StorageError
from modelry.storage import retries
from modelry.storage.filesystems import guards
from modelry.storage.integrity import MANIFEST, read_checksums, sha256_of
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

if TYPE_CHECKING:
    from pathlib import Path

    from web import Web

FAULTS = ("503", "500", "429", "reset", "close", "cut", "hang", "silence", "short", "long", "flip", "no range", "gzip")
MOST = 12
"""Faults that wait for one load at most."""
DEADLINE = retries.PATIENCE
"""Seconds in which a load that cannot succeed must say so."""


def load_under_faults(web: Web, url: str, folder: Path, count: int) -> Counter[str]:
    """Load a preset `count` times, each into a cache of its own.

    Returns:
        How many ended `"right"`, with a clean `"error"`, `"wrong"` (bytes that are not the preset's), `"late"`, or with
        an exception that is not one of modelry's, by the name of that.
    """
    chance, endings = random.Random(11), Counter[str]()
    guards.TIMEOUTS["sock_read"], retries.FIRST_PAUSE = 0.3, 0.01  # a hang is noticed after 60 s, by default
    web.released.clear()
    for number in range(count):
        web.faults.clear()
        web.faults.extend(chance.choice((*FAULTS, None)) for _ in range(chance.randrange(1, MOST)))
        web.pace = chance.choice((0, 0, 0, 0.002))
        start = time.monotonic()
        try:
            ending = _load(url, folder / str(number))
        except StorageError:
            ending = "error"
        except Exception as error:  # what must not come out
            ending = type(error).__name__
        endings["late" if time.monotonic() - start > DEADLINE else ending] += 1
        shutil.rmtree(folder / str(number), ignore_errors=True)
    web.released.set()
    return endings


def _load(url: str, cache: Path) -> str:
    files = open_preset(url, OpenOptions(cache_dir=cache))
    sums = read_checksums(files.path(MANIFEST), url)
    files.download(sums)
    return "right" if all(sha256_of(files.path(name)) == sha256 for name, (_, sha256) in sums.items()) else "wrong"
