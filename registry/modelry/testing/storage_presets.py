"""Small presets that the contract of storage handlers publishes. Imports no Keras."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from modelry.storage.checksums import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OWNED = re.compile(r"[^.].*")
"""What the names of a preset's files match; hidden files are a hub's own."""


def with_manifest(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a preset, and a `modelry.json` that lists them."""
    listed = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
    }
    return {**files, MANIFEST: json.dumps({"files": listed}).encode()}


OLD = with_manifest(
    {
        "config.json": b'{"registered_name": "keras_hub>NoSuchBackbone"}',
        "model.weights.h5": bytes(range(256)) * 64,
        "assets/tokenizer/vocabulary.txt": "film\nété\n電影\n".encode(),
    }
)
NEW = with_manifest(
    {
        "config.json": b'{"registered_name": "keras_hub>NoSuchTokenizer"}',
        "model.weights.h5": bytes(reversed(range(256))) * 64,
        "tokenizer.json": b"{}",
        "empty.txt": b"",
    }
)


class WatchedFiles(Mapping[str, "Path"]):
    """The files of a release, which do something whenever a handler turns to one of them.

    Args:
        files: Name → file.
        look: Called each time.
        vanishing: The name of a file that is gone once a handler has turned to it, and from it to another.
    """

    def __init__(self, files: Mapping[str, Path], look: Callable[[], None], vanishing: str = "") -> None:
        self._files = files
        self._look = look
        self._vanishing = vanishing
        self._met = False

    def __getitem__(self, name: str) -> Path:
        self._look()
        if self._met and name != self._vanishing:
            self._files[self._vanishing].unlink(missing_ok=True)
        self._met = self._met or name == self._vanishing
        return self._files[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
