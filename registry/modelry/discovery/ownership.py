"""Which entry a class belongs to: saving a model writes the qualified name of each of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.names import RUNTIME
from modelry.errors import BrokenPlugin, IncompatiblePlugin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.discovery.entry import Entry


def find_owner(entries: Sequence[Entry], cls: type) -> Entry | None:
    """Return the entry that stands for exactly this class, an installed one before one registered by a call."""
    target = f"{cls.__module__}:{cls.__qualname__}"
    installed = [entry for entry in entries if entry.distribution != RUNTIME and entry.problem is None]
    for entry in installed:
        if entry.target == target:
            return entry
    for entry in installed:
        if _may_reexport(entry, cls) and _stands_for(entry, cls):
            return entry
    return next((entry for entry in entries if entry.obj is cls), None)


def _may_reexport(entry: Entry, cls: type) -> bool:
    """Return whether the target names a class like this in the same package, so that importing it is no surprise."""
    package, _, _ = entry.target.partition(":")[0].partition(".")
    return package == cls.__module__.partition(".")[0] and entry.attribute.rpartition(".")[2] == cls.__name__


def _stands_for(entry: Entry, cls: type) -> bool:
    try:
        return entry.load() is cls
    except (BrokenPlugin, IncompatiblePlugin):
        return False
