"""The text of a lock file, canonical when written and strict when read.

```json
{
  "format_version": 1,
  "presets": {
    "hf://acme/reviews": {
      "files": {"config.json": {"sha256": "…", "size": 660}},
      "revision": "9f8c…"
    }
  }
}
```
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from modelry.errors import LockError, UnsafePresetError
from modelry.storage.lock.locked import LockedPreset
from modelry.storage.names import check_names

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT_VERSION = 1

_SHA256 = re.compile(r"[0-9a-f]{64}")


def render(presets: Mapping[str, LockedPreset]) -> str:
    """Return the text of a lock file; the same presets have the same text."""
    values = {
        "format_version": FORMAT_VERSION,
        "presets": {
            key: {
                "revision": preset.revision,
                "files": {name: {"size": size, "sha256": sha256} for name, (size, sha256) in preset.files.items()},
            }
            for key, preset in presets.items()
        },
    }
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def parse_lock(text: str, where: str) -> dict[str, LockedPreset]:
    """Return the presets in the text of a lock file.

    Args:
        text: The text.
        where: What messages call it.

    Raises:
        LockError: It is not one, or of a newer format, or something in it is wrong.
    """
    try:
        values = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise _wrong(where, f"it is no JSON: {error}") from None
    version = values.get("format_version") if isinstance(values, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise LockError(
            f"The lock file {where} has format version {version}, and this modelry reads up to {FORMAT_VERSION}. "
            "Run: pip install --upgrade modelry"
        )
    presets = _only(values, ("format_version", "presets"), where, "it")["presets"]
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise _wrong(where, f"format_version is {version!r}, not {FORMAT_VERSION}")
    if not isinstance(presets, dict):
        raise _wrong(where, "presets is no object")
    return {key: _preset(preset, where, key) for key, preset in presets.items()}


def _preset(values: Any, where: str, key: str) -> LockedPreset:
    values = _only(values, ("files", "revision"), where, repr(key))
    files, revision = values["files"], values["revision"]
    if not (revision is None or (isinstance(revision, str) and revision)):
        raise _wrong(where, f"the revision of {key!r} is {revision!r}, neither a text nor null")
    if not isinstance(files, dict) or not files:
        raise _wrong(where, f"{key!r} lists no files")
    try:
        check_names(files, key)
    except UnsafePresetError as error:
        raise _wrong(where, str(error)) from None
    return LockedPreset(revision, {name: _facts(facts, where, f"{name} of {key!r}") for name, facts in files.items()})


def _facts(values: Any, where: str, what: str) -> tuple[int, str]:
    facts = _only(values, ("sha256", "size"), where, what)
    size, sha256 = facts["size"], facts["sha256"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _wrong(where, f"the size of {what} is {size!r}, no number of bytes")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise _wrong(where, f"the sha256 of {what} is {sha256!r}, not 64 hexadecimal digits")
    return size, sha256


def _only(values: Any, names: tuple[str, ...], where: str, what: str) -> dict[str, Any]:
    """Return an object that has exactly these names."""
    if not isinstance(values, dict) or set(values) != set(names):
        has = sorted(values) if isinstance(values, dict) else type(values).__name__
        raise _wrong(where, f"{what} must have {' and '.join(names)}, and has {has}")
    return values


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return values


def _wrong(where: str, problem: str) -> LockError:
    return LockError(
        f"The lock file {where} cannot be used: {problem}. Nothing is loaded. Restore the file, or delete it and make "
        "it anew with `modelry lock`."
    )
