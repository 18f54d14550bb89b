"""Run in a process of its own: do what discovery does with one distribution, and say who imports Keras meanwhile.

`python -m modelry.testing.discovery_probe DISTRIBUTION`
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

HEAVY = ("keras", "jax", "torch", "tensorflow")


class Watcher:
    """A finder that finds nothing, and remembers where the first heavy import came from."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Remember the line that imports a heavy module."""
        if name in HEAVY and not self.seen:
            frames = [
                frame
                for frame in traceback.extract_stack()[:-1]
                if not frame.filename.startswith("<frozen") and "importlib" not in frame.filename
            ]
            self.seen = {"module": name, "where": f"{frames[-1].filename}, line {frames[-1].lineno}: {frames[-1].line}"}


def probe(distribution: str) -> dict[str, Any]:
    """Return what of a distribution imports Keras at discovery: by entry, the module and the line."""
    watcher = Watcher()
    sys.meta_path.insert(0, watcher)
    from modelry import registry

    registry.presets()
    entries = [entry for entry in registry.entries() if entry.distribution == distribution]
    culprits = {"listing what is installed": watcher.seen} if watcher.seen else {}
    for entry in entries:
        if entry.kind in ("plugin", "checkpoints", "storage") and not watcher.seen:
            entry.load()
            if watcher.seen:
                culprits[f"importing {entry.target} ({entry.kind})"] = watcher.seen
    return {"culprits": culprits, "failures": [str(one) for one in registry.failures()]}


if __name__ == "__main__":
    found = probe(*sys.argv[1:])
    sys.stdout.write("\n" + json.dumps(found) + "\n")
