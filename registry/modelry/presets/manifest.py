"""`modelry.json`: what KerasHub's layout has no place for.

```json
{
    "format_version": 2,
    "modelry_version": "0.1.0",
    "components": {"backbones": "modelry-bert:bert", "tasks": "acme-tags:token_classifier"},
    "requires": ["acme-tags>=1.0,<1.1", "modelry-bert>=0.1.0,<0.2"],
    "versions": {"acme-tags": "1.0", "modelry-bert": "0.1.0"},
    "task": {"name": "acme-tags:token_classifier", "facts": {"labels": ["name", "place"]}},
    "weights": {"backbone": "model.weights.h5", "task": "task.weights.h5"},
    "files": {"config.json": {"size": 660, "sha256": "…"}}
}
```

Version 1 has no section for the task; the facts of the only task that it knows stand beside the other keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import PresetFormatError
from modelry.storage.files import read_json
from modelry.storage.integrity import MANIFEST, sha256_of
from modelry.storage.paths import check_names, check_plain
from modelry.strict_json import check_keys, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.storage.files import PresetFiles

NAME = MANIFEST
FORMAT_VERSION = 2
_KEYS = (
    *("format_version", "modelry_version", "components", "requires", "versions"),
    *("weights", "files", "signature"),
)


@attrs.frozen
class Manifest:
    """The contents of `modelry.json`.

    Attributes:
        components: Kind → qualified name of the class that was saved.
        requires: Requirements of the distributions that own those classes.
        versions: The versions of these distributions that saved the preset; empty in presets that do not say.
        task: The qualified name of the task; `None` without a task, and in version 1.
        facts: What the preset keeps about its task, not yet checked.
        weights: `"backbone"` and `"task"` → file name.
        files: File name → size in bytes and sha256 of every other file.
    """

    components: Mapping[str, str]
    requires: tuple[str, ...]
    versions: Mapping[str, str]
    task: str | None
    facts: Mapping[str, Any]
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
            "task": None if self.task is None else {"name": self.task, "facts": dict(self.facts)},
            "weights": dict(self.weights),
            "files": {name: dict(facts) for name, facts in self.files.items()},
        }


def read_manifest(files: PresetFiles) -> Manifest | None:
    """Read `modelry.json` and check that the files it lists are there in full; `None` if the preset has none.

    Raises:
        UnsafePresetError: A name in it could lead out of the preset.
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
    task, facts = _version_1_facts(values) if version == 1 else _task(values, where)
    manifest = Manifest(
        components=_strings(field(values, "components", dict, where), where),
        requires=_texts(field(values, "requires", list, where), "requires", where),
        versions=_strings(field(values, "versions", dict, where, {}), where),
        task=task,
        facts=facts,
        weights=_strings(field(values, "weights", dict, where), where),
        files=_files(field(values, "files", dict, where), where),
    )
    check_keys(manifest.weights, ("backbone", "task"), f"'weights' in {where}")
    for name in manifest.weights.values():
        check_plain(name, where)
        _check_size(files, name, manifest, where)
    return manifest


def _version_1_facts(values: Mapping[str, Any]) -> tuple[None, dict[str, Any]]:
    return None, {key: value for key, value in values.items() if key not in _KEYS and value is not None}


def _task(values: Mapping[str, Any], where: str) -> tuple[str | None, Mapping[str, Any]]:
    check_keys(values, (*_KEYS, "task"), where)
    section = field(values, "task", dict, where, None)
    if section is None:
        return None, {}
    check_keys(section, ("name", "facts"), f"'task' in {where}")
    return field(section, "name", str, f"'task' in {where}"), field(section, "facts", dict, f"'task' in {where}")


def digest(path: Path) -> dict[str, Any]:
    """Return the size in bytes and the sha256 of a file."""
    return {"size": path.stat().st_size, "sha256": sha256_of(path)}


def _check_size(files: PresetFiles, name: str, manifest: Manifest, where: str) -> None:
    if name not in manifest.files:
        raise PresetFormatError(
            f"{where} names the weights {name}, and does not list this file. Save the preset again."
        )
    expected = manifest.files[name]["size"]
    found = files.size(name)  # if only fetching the file can tell, reading it will
    if found is not None and found != expected:
        raise PresetFormatError(
            f"{name} of preset {files.reference!r} has {found:,} bytes, but {NAME} says {expected:,}. "
            "The file is truncated or belongs to another preset; fetch or save the preset again."
        )


def _strings(values: dict[str, Any], where: str) -> dict[str, str]:
    return {key: field(values, key, str, where) for key in values}


def _texts(listed: list[Any], key: str, where: str) -> tuple[str, ...]:
    if not all(isinstance(one, str) for one in listed):
        raise PresetFormatError(f"{key!r} in {where} must hold texts only, not {listed!r:.200}.")
    return tuple(listed)


def _files(values: dict[str, Any], where: str) -> dict[str, Mapping[str, Any]]:
    check_names(values, where)
    for name in values:
        facts = field(values, name, dict, where)
        check_keys(facts, ("size", "sha256"), f"{name!r} in {where}")
        field(facts, "size", int, f"{name!r} in {where}")
        field(facts, "sha256", str, f"{name!r} in {where}")
    return values
