"""`modelry.json`: what KerasHub's layout has no place for.

```json
{
    "format_version": 1,
    "modelry_version": "0.1.0",
    "components": {"backbones": "modelry-bert:bert", "tasks": "modelry-bert:bert.text_classifier"},
    "requires": ["modelry-bert>=0.1.0,<0.2"],
    "versions": {"modelry-bert": "0.1.0"},
    "labels": ["negative", "positive"],
    "weights": {"backbone": "model.weights.h5", "task": "task.weights.h5"},
    "files": {"config.json": {"size": 660, "sha256": "…"}}
}
```
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import PresetFormatError
from modelry.presets.json_files import field, read_json
from modelry.storage.checksums import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.storage.files import PresetFiles

NAME = MANIFEST
FORMAT_VERSION = 1


@attrs.frozen
class Manifest:
    """The contents of `modelry.json`.

    Attributes:
        components: Kind → qualified name of the class that was saved.
        requires: Requirements of the distributions that own those classes.
        versions: The versions of these distributions that saved the preset; empty in presets that do not say.
        labels: The names of the classes, by index.
        weights: `"backbone"` and `"task"` → file name.
        files: File name → size in bytes and sha256 of every other file.
    """

    components: Mapping[str, str]
    requires: tuple[str, ...]
    versions: Mapping[str, str]
    labels: tuple[str, ...] | None
    weights: Mapping[str, str]
    files: Mapping[str, Mapping[str, Any]]

    def to_json(self, version: str) -> dict[str, Any]:
        """Return the JSON object, written by modelry `version`."""
        return {
            "format_version": FORMAT_VERSION,
            "modelry_version": version,
            "components": dict(self.components),
            "requires": list(self.requires),
            "versions": dict(self.versions),
            "labels": None if self.labels is None else list(self.labels),
            "weights": dict(self.weights),
            "files": {name: dict(facts) for name, facts in self.files.items()},
        }


def read_manifest(files: PresetFiles) -> Manifest | None:
    """Read `modelry.json` and check that the files it lists are there in full; `None` if the preset has none.

    Raises:
        PresetFormatError: The manifest is damaged or of a newer format, or a listed file is missing or truncated.
    """
    if NAME not in files:
        return None
    values = read_json(files, NAME)
    where = f"{NAME} of preset {files.reference!r}"
    version = field(values, "format_version", int, where)
    if version > FORMAT_VERSION:
        raise PresetFormatError(
            f"{where} has format version {version}, written by modelry {values.get('modelry_version')}; this modelry "
            f"reads up to version {FORMAT_VERSION}. Run: pip install --upgrade modelry"
        )
    labels = field(values, "labels", list, where, None)
    manifest = Manifest(
        components=_strings(field(values, "components", dict, where), where),
        requires=tuple(map(str, field(values, "requires", list, where))),
        versions=_strings(field(values, "versions", dict, where, {}), where),
        labels=None if labels is None else tuple(map(str, labels)),
        weights=_strings(field(values, "weights", dict, where), where),
        files=field(values, "files", dict, where),
    )
    for name in manifest.weights.values():
        _check_size(files, name, manifest)
    return manifest


def digest(path: Path) -> dict[str, Any]:
    """Return the size in bytes and the sha256 of a file."""
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _check_size(files: PresetFiles, name: str, manifest: Manifest) -> None:
    expected = manifest.files.get(name, {}).get("size")
    found = files.size(name)  # where it takes fetching the file to know, whoever reads the file will see
    if found is not None and found != expected:
        raise PresetFormatError(
            f"{name} of preset {files.reference!r} has {found:,} bytes, but {NAME} says {expected:,}. "
            "The file is truncated or belongs to another preset; fetch or save the preset again."
        )


def _strings(values: dict[str, Any], where: str) -> dict[str, str]:
    return {key: field(values, key, str, where) for key in values}
