"""Scan of the installed distributions: entry-point metadata becomes entries, and nothing is imported.

Reads what `importlib.metadata` would, in a quarter of its time. Folders on `sys.path` are listed here; zip files, eggs
and import hooks of others are left to `importlib.metadata`. A malformed declaration becomes an entry with a `problem`:
listings show it, and only its use fails.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import time
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

import attrs

from modelry.discovery.entry import HOOK_GROUPS, KINDS, PREFIX, Entry, is_name, normalise
from modelry.discovery.policy import VARIABLE, policy_file
from modelry.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_TARGET = re.compile(r"(?P<module>[\w.]+)\s*(:\s*(?P<attribute>[\w.]+)\s*)?(\[.*\]\s*)?")
_VERSION = re.compile(r"[0-9][0-9a-z.+!]*")

_COARSEST = 2_000_000_000
"""Nanoseconds: some file systems count time in steps of two seconds, and two changes within one step look like one."""


@attrs.frozen
class Distribution:
    """An installed distribution.

    Attributes:
        name: Its name in PEP 503 spelling.
        read: Returns the text of one of its metadata files, or None.
        folder: The folder of its metadata; empty if only a foreign finder knows it.
        folder_version: The version in that folder's name, which saves reading a file; empty if it is not plain.
    """

    name: str
    read: Callable[[str], str | None]
    folder: str = ""
    folder_version: str = ""

    @property
    def place(self) -> str:
        """The folder in which it is installed."""
        return os.path.dirname(self.folder) or "."

    @property
    def version(self) -> str:
        """Its version, empty if it states none."""
        return self.folder_version or self.header("version")

    def header(self, field: str) -> str:
        """Return a field of its metadata, such as `"summary"`, empty if it has none."""
        for file in ("METADATA", "PKG-INFO"):
            for line in (self.read(file) or "").splitlines():
                key, _, value = line.partition(":")
                if key.lower() == field:
                    return value.strip()
                if not line:
                    break
        return ""


@attrs.frozen
class Scan:
    """Result of one scan.

    Attributes:
        entries: Everything that was declared, in the order of `sys.path`.
        distributions: Every installed distribution, plugin or not.
    """

    entries: tuple[Entry, ...]
    distributions: frozenset[str]


def scan(path: Iterable[str] | None = None) -> Scan:
    """Read the metadata of everything on `path`, or of the whole environment."""
    entries: dict[Entry, None] = {}  # a dict drops repetitions and keeps the order
    names = set()
    for distribution in installed(path):
        names.add(distribution.name)
        entries.update(dict.fromkeys(entries_of(distribution)))
    return Scan(tuple(entries), frozenset(names))


def entries_of(distribution: Distribution) -> Iterator[Entry]:
    """Yield the declarations of a distribution, malformed ones included."""
    text = distribution.read("entry_points.txt")
    if text is None or PREFIX not in text:
        return
    version = None
    for group, name, value in _declarations(text):
        if group.startswith(PREFIX):
            version = distribution.version if version is None else version
            yield _entry(group.removeprefix(PREFIX), name, value, distribution.name, version)


def _declarations(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (group, name, value) for each line; the value is empty if there is no equals sign."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = map(str.strip, line.partition("="))
            yield group, name, value


def _entry(kind: str, name: str, value: str, distribution: str, version: str) -> Entry:
    match = _TARGET.fullmatch(value)
    target = value
    if match:
        target = f"{match['module']}:{match['attribute']}" if match["attribute"] else match["module"]
    return Entry(kind, name, target, distribution, version, _problem(kind, name, target, match is not None))


def _problem(kind: str, name: str, target: str, readable: bool) -> str | None:
    if kind not in KINDS and kind not in HOOK_GROUPS:
        near = did_you_mean(PREFIX + kind, (PREFIX + known for known in (*KINDS, *HOOK_GROUPS)))
        return f"this modelry has no entry-point group '{PREFIX}{kind}'" + (f" ({near.strip()})" if near else "")
    if not is_name(name):
        return f"{name!r} cannot name a component: only letters, digits, '.', '_' and '-' are allowed"
    if not readable or (kind not in HOOK_GROUPS and ":" not in target):
        return f"{target!r} is not of the form 'module:Class'"
    return None


def installed(path: Iterable[str] | None = None) -> Iterator[Distribution]:
    """Yield every distribution on `path` once; the first of a name wins, as it does for imports.

    Args:
        path: The folders to search; by default `sys.path` and every other finder of distributions.
    """
    seen: set[str] = set()
    for found in copies(path):
        if found.name not in seen:
            seen.add(found.name)
            yield found


def copies(path: Iterable[str] | None = None) -> Iterator[Distribution]:
    """Yield every distribution on `path`, those hidden by another of the same name included; see `installed`."""
    if path is not None:
        yield from _on_path(path)
        return
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
                # An egg's version may be followed by a Python version. Escaped and unusual ones are read from METADATA.
                plain = version if suffix == "dist-info" and _VERSION.fullmatch(version) else ""
                folder = os.path.join(place, child)
                yield Distribution(normalise(name), functools.partial(_read, folder), folder, plain)


def _foreign(finder: object, place: str | None = None) -> Iterator[Distribution]:
    from importlib import metadata  # it imports the email parser, which is rarely needed here

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


@attrs.frozen
class Snapshot:
    """State that a scan depends on, taken just before it."""

    variable: str
    places: tuple[tuple[str, int], ...]
    taken: int

    def is_current(self) -> bool:
        """Return whether another scan would certainly find the same."""
        now = snapshot()
        if (now.variable, now.places) != (self.variable, self.places):
            return False
        return all(changed < self.taken - _COARSEST for _, changed in self.places)


def snapshot() -> Snapshot:
    """Record `MODELRY_PLUGINS`, `sys.path`, and the time each of the places in them changed."""
    taken, variable = time.time_ns(), os.environ.get(VARIABLE, "")
    places = [place for place in sys.path if isinstance(place, str)]
    file = policy_file(variable) if variable else None
    places += [] if file is None else [file]
    return Snapshot(variable, tuple((place, _changed(place)) for place in places), taken)


def _changed(place: str) -> int:
    try:
        return os.stat(place or ".").st_mtime_ns
    except OSError:
        return 0
