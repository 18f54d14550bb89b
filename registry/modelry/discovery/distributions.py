"""The installed distributions, as `importlib.metadata` sees them, in a fraction of its time.

Folders on `sys.path` are listed here. Zip files, eggs and other people's import hooks are left to `importlib.metadata`.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

import attrs

from modelry.discovery.names import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


_VERSION = re.compile(r"[0-9][0-9a-z.+!]*")


@attrs.frozen
class Distribution:
    """An installed distribution.

    Attributes:
        name: Its name in PEP 503 spelling.
        read: Returns the text of one of its metadata files, or None.
        folder: Where these files lie; empty where only a foreign finder knows.
        version: Its version, as far as the folder's name tells it, which saves reading a file; else empty.
    """

    name: str
    read: Callable[[str], str | None]
    folder: str = ""
    version: str = ""


def installed(path: Iterable[str] | None = None) -> Iterator[Distribution]:
    """Yield every distribution on `path` once; of two with the same name the first wins, as it does for imports.

    Args:
        path: The folders to search; without it `sys.path`, and whatever else can find distributions.
    """
    seen: set[str] = set()
    for found in copies(path):
        if found.name not in seen:
            seen.add(found.name)
            yield found


def copies(path: Iterable[str] | None = None) -> Iterator[Distribution]:
    """Yield every distribution on `path`, those that another of the same name hides included; see `installed`."""
    return _everywhere() if path is None else _on_path(path)


def _everywhere() -> Iterator[Distribution]:
    for finder in sys.meta_path:
        # The importlib_metadata backport takes this method away from PathFinder and answers in its place.
        if not hasattr(finder, "find_distributions"):
            continue
        if finder is PathFinder:
            yield from _on_path(sys.path)
        else:
            yield from _foreign(finder)


def _on_path(path: Iterable[str]) -> Iterator[Distribution]:
    for place in path:
        if not isinstance(place, str):  # the import system passes over such entries too
            continue
        if place.endswith(".egg") or os.path.isfile(place):
            yield from _foreign(None, place)
            continue
        try:
            children = os.listdir(place or ".")
        except OSError:
            continue
        for child in children:
            stem, dot, suffix = child.rpartition(".")
            # pip renames what it could not delete to `~odelry-0.1.dist-info`, and ignores that from then on.
            if dot and suffix.lower() in ("dist-info", "egg-info") and not child.startswith(("~", "-")):
                name, _, version = stem.partition("-")
                # An egg's may go on with a Python, and what is escaped, or no version by its look, is left to METADATA.
                told = version if suffix == "dist-info" and _VERSION.fullmatch(version) else ""
                folder = os.path.join(place, child)
                yield Distribution(normalise(name), functools.partial(_read, folder), folder, told)


def _foreign(finder: object, place: str | None = None) -> Iterator[Distribution]:
    from importlib import metadata  # it imports the email parser, which next to nobody here needs

    search = metadata.MetadataPathFinder if finder is None else finder
    where: dict[str, Any] = {} if place is None else {"path": [place]}
    for found in search.find_distributions(metadata.DistributionFinder.Context(**where)):  # type: ignore[attr-defined]
        name = normalise(found.metadata["Name"] or "")
        yield Distribution(name, found.read_text, str(getattr(found, "_path", "")))


def _read(folder: str, file: str) -> str | None:
    try:
        with open(f"{folder}{os.sep}{file}", "rb", buffering=0) as opened:  # twice as fast as a text file
            return opened.read().decode("utf-8", "replace")
    except OSError:
        return None
