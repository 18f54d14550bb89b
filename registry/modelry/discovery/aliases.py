"""Old names of renamed components."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.names import noun, split
from modelry.discovery.warn import warn_user
from modelry.errors import AmbiguousName

if TYPE_CHECKING:
    from modelry.discovery.entry import Entry
    from modelry.discovery.hooks import Hooks
    from modelry.discovery.index import Index


def find_alias(index: Index, hooks: Hooks, kind: str, name: str) -> Entry | None:
    """Return the entry that the deprecated `name` now has another name for, and warn; None where it is no alias.

    Raises:
        AmbiguousName: Plugins disagree about what it is called now.
    """
    distribution, short = split(name)
    found: dict[Entry, None] = {}
    for plugin, aliases in hooks.aliases():
        if distribution in (None, plugin.distribution):
            entry = _follow(index, aliases, plugin.distribution, kind, short)
            found.update({entry: None} if entry else {})
    if len(found) > 1:
        names = " or ".join(repr(entry.qualified) for entry in found)
        raise AmbiguousName(f"{name!r} is an old name of more than one {noun(kind)}. Write {names}.")
    for entry in found:
        now = entry.name if distribution is None and _is_short_enough(index, entry) else entry.qualified
        warn_user(f"The {noun(kind)} {name!r} is deprecated; it is called {now!r} now.", DeprecationWarning)
        return entry
    return None


def _is_short_enough(index: Index, entry: Entry) -> bool:
    try:
        return index.find(entry.kind, entry.name) is entry
    except AmbiguousName:
        return False


def _follow(index: Index, aliases: dict[tuple[str, str], str], distribution: str, kind: str, name: str) -> Entry | None:
    """Follow renames of renames; a plugin's own components come before others of the same short name."""
    seen = set()
    while (kind, name) in aliases and name not in seen:
        seen.add(name)
        name = aliases[kind, name]
        entry = None if ":" in name else index.find(kind, f"{distribution}:{name}")
        entry = entry or index.find(kind, name)
        if entry is not None:
            return entry
    return None
