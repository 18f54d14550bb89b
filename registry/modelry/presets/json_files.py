"""The JSON files of a preset: read with errors that name the file, written the same way every time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from modelry.errors import PresetFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.storage.files import PresetFiles

T = TypeVar("T")


def read_json(files: PresetFiles, name: str) -> dict[str, Any]:
    """Read a file that must hold one JSON object.

    Raises:
        PresetNotFound: The preset has no such file.
        PresetFormatError: The file is not UTF-8, not JSON, or holds something other than an object.
    """
    path = files.path(name)
    try:
        value = json.loads(path.read_bytes())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise PresetFormatError(
            f"{name} of preset {files.reference!r} is not readable JSON: {error}. "
            "It may be truncated; fetch or save the preset again."
        ) from error
    if not isinstance(value, dict):
        raise PresetFormatError(
            f"{name} of preset {files.reference!r} must hold a JSON object, but holds a {type(value).__name__}."
        )
    return value


def field(
    values: Mapping[str, Any], key: str, kind: type[T] | tuple[type[T], ...], where: str, default: Any = ...
) -> T:
    """Return `values[key]`, which must be of type `kind`.

    Args:
        values: A JSON object.
        key: The key to look up.
        kind: What the value must be an instance of. A `bool` is not accepted as an `int`.
        where: The file and preset, for messages.
        default: What a missing key or a `null` stands for; without it, both are errors.

    Raises:
        PresetFormatError: The key is missing, or its value is of another type.
    """
    value = values.get(key)
    if value is None and default is not ...:
        return default  # type: ignore[no-any-return]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds):
        return value
    wanted = " or ".join(one.__name__ for one in kinds)
    found = "is missing" if key not in values else f"is {value!r}"
    raise PresetFormatError(f"{key!r} in {where} {found}; it must be a {wanted}.")


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object with the indentation KerasHub uses."""
    path.write_text(json.dumps(value, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
