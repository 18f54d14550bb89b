"""Damage files of presets at random, and count how often that is found: before anything of them is loaded."""

from __future__ import annotations

import contextlib
import os
import random
from collections import Counter
from typing import TYPE_CHECKING

from modelry.errors import CorruptCache, LockError, StorageError
from modelry.presets.verify import verify
from modelry.storage.cache.layout import Layout
from modelry.storage.integrity import MANIFEST, read_checksums, sha256_of
from modelry.storage.lock import LockFile, lock_preset
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def damage_at_random(path: Path, chance: random.Random) -> str:
    """Flip a bit, cut the end off, or delete a file; return which."""
    kind = chance.choice(("flip", "flip", "truncation", "deletion"))
    path.chmod(0o644)
    if kind == "flip":
        with path.open("r+b") as file:
            file.seek(chance.randrange(path.stat().st_size))
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ (1 << chance.randrange(8))]))
    elif kind == "truncation":
        os.truncate(path, chance.randrange(path.stat().st_size))
    else:
        path.unlink()
    return kind


@contextlib.contextmanager
def damaged(path: Path, chance: random.Random) -> Iterator[str]:
    """Damage a file for as long as the block runs."""
    content = path.read_bytes()
    try:
        yield damage_at_random(path, chance)
    finally:
        path.write_bytes(content)


class Ordeal:
    """A preset in a folder, and the same from a server in the cache.

    Args:
        folder: The folder.
        url: Where a server has a copy of it.
        cache: The folder of an empty cache.
        seed: Of the draws.

    Attributes:
        found: By way and kind of damage, how often it was found.
        missed: What was not.
    """

    def __init__(self, folder: Path, url: str, cache: Path, seed: int = 11) -> None:
        self._folder, self._url, self._cache = folder, url, cache
        self._chance = random.Random(seed)
        self._listed = read_checksums(folder / MANIFEST, str(folder))
        self._lock = OpenOptions(lock=folder.parent / "ordeal.lock")
        reference = f"./{folder.name}"
        LockFile(self._lock.lock_file, {reference: lock_preset(open_preset(folder))}).write()
        self.found: Counter[str] = Counter()
        self.missed: list[str] = []

    def run(self, count: int) -> None:
        """Damage a file so many times, found in one of the four ways in turn."""
        ways: tuple[Callable[[], tuple[str, str, bool]], ...] = (
            self._verified_folder,
            self._locked_folder,
            self._loaded_from_cache,
            self._verified_cache,
        )
        for number in range(count):
            way = ways[number % len(ways)]
            name, kind, found = way()
            what = f"{way.__name__.strip('_').replace('_', ' ')}: {kind}"
            self.found[what] += found
            if not found:
                self.missed.append(f"{what} of {name}")

    def _verified_folder(self) -> tuple[str, str, bool]:
        name = self._chance.choice(sorted(self._listed))
        with damaged(self._folder / name, self._chance) as kind:
            wrong = {one.name for one in verify(open_preset(self._folder)) if one.status in ("damaged", "missing")}
        return name, kind, wrong == {name}

    def _locked_folder(self) -> tuple[str, str, bool]:
        """Damage any file, also those of which no manifest tells, such as the manifest itself."""
        name = self._chance.choice(sorted(open_preset(self._folder).names()))
        with damaged(self._folder / name, self._chance) as kind:
            found = False
            try:
                open_preset(self._folder, self._lock).path(name)
            except (LockError, StorageError) as error:
                found = name in str(error)
        return name, kind, found

    def _loaded_from_cache(self) -> tuple[str, str, bool]:
        """Damage what was fetched: offline that must be an error, online be mended."""
        name, path = self._fetched()
        kind = damage_at_random(path, self._chance)
        found = False
        try:
            self._open(offline=True).path(name)
        except (CorruptCache, StorageError):
            found = True
        return name, kind, found and self._is_right(self._open().path(name), name)

    def _verified_cache(self) -> tuple[str, str, bool]:
        name, path = self._fetched()
        kind = damage_at_random(path, self._chance)
        said = {one.name: one.status for one in verify(self._open(offline=True))}
        # What was deleted can be had again; without a network it cannot.
        expected = {"unavailable", "damaged"} if kind == "deletion" else {"damaged"}
        wrong = {other for other, status in said.items() if status not in ("ok", "unchecked")}
        return name, kind, wrong == {name} and said[name] in expected and self._is_right(self._open().path(name), name)

    def _fetched(self) -> tuple[str, Path]:
        """Return a file that is listed, and where its content lies in the cache."""
        name = self._chance.choice(sorted(self._listed))
        files = self._open()
        for other in files.names():
            files.path(other)
        return name, Layout(self._cache / "v1").blob(self._listed[name][1])

    def _open(self, **options: bool):
        return open_preset(self._url, OpenOptions(cache_dir=self._cache, **options))

    def _is_right(self, path: Path, name: str) -> bool:
        return sha256_of(path) == self._listed[name][1]
