"""Which folders are the cache: one that is written, and others that are only read."""

from __future__ import annotations

import os
from pathlib import Path

from modelry.errors import InputError
from modelry.storage.cache.layout import VERSION, Layout

CACHE = "MODELRY_CACHE"
"""The environment variable that names the folders, separated as in `PATH`; the first is written to."""


def layers(cache_dir: str | os.PathLike[str] | None) -> tuple[Layout, ...]:
    """Return the layers of the cache, the writable one first.

    Args:
        cache_dir: A single folder to use instead of all others.

    Raises:
        InputError: `MODELRY_CACHE` or `cache_dir` holds something that cannot be a folder.
    """
    if cache_dir is not None:
        named, source = [os.fspath(cache_dir)], "cache_dir"
    else:
        named, source = [name for name in os.environ.get(CACHE, "").split(os.pathsep) if name.strip()], CACHE
    folders = [Path(os.path.abspath(os.path.expanduser(name))) for name in named] or [_default()]
    for folder in folders:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{source} names {str(folder)!r}, which is a file. Name a folder.")
    return tuple(Layout(folder / VERSION) for folder in folders)


def _default() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("modelry", appauthor=False)) / "presets"
