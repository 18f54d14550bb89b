"""The JSON files of a preset: read strictly, with errors that name the file, and written the same way every time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelry._atomic import write_text
from modelry.errors import PresetFormatError, UnsafePresetError
from modelry.storage.os_errors import storage_errors
from modelry.strict_json import LARGEST, read_json_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.storage.files import PresetFiles


def read_json(files: PresetFiles, name: str, limit: int = LARGEST) -> dict[str, Any]:
    """Read a file that must hold one JSON object.

    Args:
        files: The preset.
        name: The file.
        limit: The most bytes it may have.

    Raises:
        PresetNotFound: The preset has no such file.
        UnsafePresetError: The file is too large, or written so that two readers would understand it differently.
        StorageError: The file cannot be read.
        PresetFormatError: The file is not UTF-8, not JSON, or holds something other than an object.
    """
    with storage_errors(f"{name} of preset {files.reference!r} cannot be read"):
        value = read_json_file(bounded(files, name, limit), f"{name} of preset {files.reference!r}", limit)
    if not isinstance(value, dict):
        raise PresetFormatError(
            f"{name} of preset {files.reference!r} must hold a JSON object, but holds a {type(value).__name__}."
        )
    return value


def bounded(files: PresetFiles, name: str, limit: int) -> Path:
    """Return the path of a file that is read as a whole, which must not be larger than `limit` bytes.

    Raises:
        PresetNotFound: The preset has no such file.
        UnsafePresetError: The file is larger; it is not even fetched where its store tells the size.
    """
    size = files.size(name)
    if size is None or size <= limit:
        path = files.path(name)
        size = path.stat().st_size
    if size > limit:
        raise UnsafePresetError(
            f"{name} of preset {files.reference!r} has {size:,} bytes, which is larger than {limit:,} bytes, and is "
            "read as a whole. Do not use this preset; tell whoever published it."
        )
    return path


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object atomically, with the indentation KerasHub uses."""
    write_text(path, json.dumps(value, indent=4, ensure_ascii=False) + "\n")
