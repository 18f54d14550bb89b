"""What tells that a file has changed, in the terms of every client of fsspec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# The first that a client tells is taken: listings and single questions do not tell the same about the others.
_MARKS = (
    ("ETag", "etag"),
    ("generation",),
    ("CRC",),
    ("Last-Modified", "last_modified", "LastModified", "modified", "updated", "mtime"),
    ("created",),
)


def validator_of(info: Mapping[str, Any]) -> str | None:
    """Return what changes when the file does that a client told of; `None` if it told nothing of the kind."""
    for names in _MARKS:
        for name in names:
            value = info.get(name)
            if value not in (None, ""):
                return f"{names[0]}={_text(value)} size={info.get('size')}"
    return None


def _text(value: Any) -> str:
    if hasattr(value, "timestamp"):  # a client may tell the same time as a number or as a date
        value = value.timestamp()
    return repr(value) if isinstance(value, float) else str(value).removeprefix("W/").strip('"')
