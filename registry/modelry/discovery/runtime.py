"""Components registered by a call: who may take which name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from modelry.discovery.entry import Entry
from modelry.discovery.names import RUNTIME, check_kind, check_name, noun
from modelry.errors import AmbiguousName

if TYPE_CHECKING:
    from modelry.discovery.index import Index


def runtime_entry(kind: str, name: str, obj: object) -> Entry:
    """Return the entry of an object that is registered by a call.

    Raises:
        InputError: The kind or the name is not valid.
    """
    check_kind(kind)
    check_name(name)
    module = getattr(obj, "__module__", type(obj).__module__)
    qualname = getattr(obj, "__qualname__", type(obj).__qualname__)
    return Entry(kind, name, f"{module}:{qualname}", RUNTIME, obj=obj)


def add_runtime(index: Index, entry: Entry, replace: bool) -> Index:
    """Return the index with `entry` in it; from then on its short name means this entry.

    Raises:
        AmbiguousName: Something else has the name, and `replace` is not given.
    """
    key = (entry.kind, entry.name)
    others = (index.runtime[key],) if key in index.runtime else index.owners.get(key, ())
    clashes = [other for other in others if not _is_rerun(other, entry)]
    if clashes and not replace:
        who = " and ".join(f"{other.owner} ({other.target})" for other in clashes)
        raise AmbiguousName(
            f"The {noun(entry.kind)} {entry.name!r} is already registered by {who}. "
            "Take another name, or pass replace=True to have it mean yours in this process."
        )
    preferred = {kept: owner for kept, owner in index.preferred.items() if kept != key}
    return attrs.evolve(index, runtime={**index.runtime, key: entry}, preferred=preferred)


def _is_rerun(old: Entry, new: Entry) -> bool:
    """Return whether `new` is `old` again: a module reloaded, or a cell of a notebook run once more."""
    return new.target == old.target or (old.distribution == RUNTIME and new.target.startswith("__main__:"))
