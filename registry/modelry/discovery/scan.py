"""From the entry-point metadata of everything installed to entries, without importing any of it.

A declaration that cannot be understood becomes an entry with a `problem`: listings show it, and only its use fails.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from modelry.discovery.distributions import installed
from modelry.discovery.entry import Entry
from modelry.discovery.names import HOOK_GROUPS, KINDS, PREFIX, is_name
from modelry.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelry.discovery.distributions import Distribution

_TARGET = re.compile(r"(?P<module>[\w.]+)\s*(:\s*(?P<attribute>[\w.]+)\s*)?(\[.*\]\s*)?")


@attrs.frozen
class Scan:
    """What one look at the installation found."""

    entries: tuple[Entry, ...]
    distributions: frozenset[str]


def scan(path: Iterable[str] | None = None) -> Scan:
    """Read the metadata of everything on `path`, or of the whole environment."""
    entries: dict[Entry, None] = {}  # a dict drops what is declared twice, and keeps the order
    names = set()
    for distribution in installed(path):
        names.add(distribution.name)
        entries.update(dict.fromkeys(entries_of(distribution)))
    return Scan(tuple(entries), frozenset(names))


def entries_of(distribution: Distribution) -> Iterator[Entry]:
    """Yield what a distribution declares, malformed declarations included."""
    text = distribution.read("entry_points.txt")
    if text is None or PREFIX not in text:
        return
    version = None
    for group, name, value in _declarations(text):
        if group.startswith(PREFIX):
            version = version_of(distribution) if version is None else version
            yield _entry(group.removeprefix(PREFIX), name, value, distribution.name, version)


def _declarations(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (group, name, value) for each line; the value is empty where there is no equals sign."""
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
    if kind not in (*KINDS, *HOOK_GROUPS):
        near = did_you_mean(PREFIX + kind, (PREFIX + known for known in (*KINDS, *HOOK_GROUPS)))
        return f"this modelry has no entry-point group '{PREFIX}{kind}'" + (f" ({near.strip()})" if near else "")
    if not is_name(name):
        return f"{name!r} is no name for a component: only letters, digits, '.', '_' and '-' are allowed"
    if not readable or (kind not in HOOK_GROUPS and ":" not in target):
        return f"{target!r} is not of the form 'module:Class'"
    return None


def version_of(distribution: Distribution) -> str:
    """Return the version of a distribution, or an empty string where it states none."""
    return distribution.version or header_of(distribution, "version")


def header_of(distribution: Distribution, field: str) -> str:
    """Return a field of a distribution's metadata, such as `"version"`, or an empty string where it has none."""
    for file in ("METADATA", "PKG-INFO"):
        for line in (distribution.read(file) or "").splitlines():
            key, _, value = line.partition(":")
            if key.lower() == field:
                return value.strip()
            if not line:
                break
    return ""
