"""Rules for the base presets that an adapter may name.

An adapter may come from a stranger, and its base is opened without the caller having named it. So it must lead nowhere
that the adapter itself could not come from: neither to files of this machine, nor to servers that only this machine
reaches.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from modelry.discovery.registry import registry
from modelry.errors import UnsafePresetError

if TYPE_CHECKING:
    from modelry.storage.options import OpenOptions
    from modelry.storage.paths import Preset

HUBS = ("hf", "kaggle", "package")
"""Schemes with one place per reference, independent of the writer."""

# The look behind keeps a search from restarting at every character of a long word.
_PLACE = re.compile(r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)")


def checked_base(base: str, adapter: str) -> str:
    """Return the base that an adapter names, if it may be opened.

    That is a name that an installed plugin knows, what lies on a hub, and what lies in the same store as the adapter:
    a folder beside folders, the same host or bucket.

    Args:
        base: What the adapter says.
        adapter: The adapter's own reference.

    Raises:
        UnsafePresetError: It may not.
    """
    if base in registry.presets():
        return base
    if "::" not in base and (_place(base)[0] in HUBS or _place(base) == _place(adapter)):
        return base
    raise UnsafePresetError(
        f"Adapter {adapter!r} wants {base!r:.200} as its base. An adapter may name a built-in preset, one on a hub, or "
        "one in its own store, and nothing else, so that nobody else decides what is read here. If you trust it, pass "
        "base= with that reference."
    )


def options_for_base(options: OpenOptions, base: Preset, adapter: str) -> OpenOptions:
    """Return how to open a base: as its adapter, but what belongs to a store is shown to that store alone.

    Args:
        options: How the adapter was opened.
        base: The base.
        adapter: The adapter's own reference.
    """
    kept = options if _is_same_store(base, adapter) else attrs.evolve(options, token=None, storage_options=None)
    return attrs.evolve(kept, revision=None)


def _is_same_store(base: Preset, adapter: str) -> bool:
    if not isinstance(base, str) or "::" in base or "::" in adapter:
        return False
    scheme, authority = _place(base)
    return _place(adapter) == (scheme, authority) or (scheme in HUBS and _place(adapter)[0] == scheme)


def _place(reference: str) -> tuple[str, str]:
    """Return scheme and host or bucket, of a reference or of what messages call it; a folder has neither."""
    found = _PLACE.search(reference)
    if found is None or found["scheme"].lower() == "file":
        return "file", ""
    return found["scheme"].lower(), found["authority"]
