"""Replacement of the preprocessor or the tokenizer inside a saved preset."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import InputError, SaveError
from modelry.presets.components import Serialized, owner_of
from modelry.presets.keras_hub import ASSETS, PREPROCESSOR, TASK, TOKENIZER
from modelry.presets.manifest import NAME, Manifest, read_manifest
from modelry.presets.read import CONFIG
from modelry.presets.write import SavedTokenizer, is_preset_file, new_folder, write_manifest, write_tokenizer
from modelry.storage.files import FolderFiles, read_json
from modelry.strict_json import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping


def replace_parts(
    preset_dir: str | os.PathLike[str],
    components: Mapping[str, Any],
    preprocessor: Serialized | None,
    tokenizer: SavedTokenizer | None,
) -> None:
    """Rewrite a preset atomically with another preprocessor, another tokenizer, or both.

    Args:
        preset_dir: The folder of a preset in KerasHub's layout.
        components: Kind → new component, for the manifest.
        preprocessor: The JSON of the new preprocessor; `None` keeps the old one.
        tokenizer: The new tokenizer; `None` drops the old one, for preprocessors without a tokenizer.

    Raises:
        SaveError: There is no such preset, or it cannot be written.
        InputError: `preset_dir` is not the path of a folder.
        PresetFormatError: The preset is damaged.
    """
    files = _preset_in(preset_dir)
    manifest = read_manifest(files)
    config = None if tokenizer is None else tokenizer.serialized()
    written: dict[str, Serialized] = {} if preprocessor is None else {PREPROCESSOR: preprocessor}
    if PREPROCESSOR in files and PREPROCESSOR not in written:
        written[PREPROCESSOR] = _with(read_json(files, PREPROCESSOR), "tokenizer", config)
    if TASK in files:  # it holds copies of its parts, and the copies are read
        written[TASK] = _with(read_json(files, TASK), "preprocessor", written.get(PREPROCESSOR))
    with new_folder(files.folder) as folder:
        for name in sorted(filter(is_preset_file, files.names())):
            if name not in (*written, TOKENIZER, NAME) and not name.startswith(ASSETS):
                _link_or_copy(files.path(name), folder / name)
        for name, contents in written.items():
            write_json(folder / name, contents)
        if tokenizer is not None and config is not None:
            write_tokenizer(folder, tokenizer, config)
        if manifest is not None:
            write_manifest(folder, _with_owners(manifest, components, tokenizer is not None))


def _preset_in(preset_dir: str | os.PathLike[str]) -> FolderFiles:
    if not isinstance(preset_dir, (str, os.PathLike)) or "://" in os.fspath(preset_dir):
        raise InputError(
            f"preset_dir must be the folder of a preset, not {preset_dir!r}. To publish it, call "
            "modelry.upload_preset(uri, folder) afterwards."
        )
    folder = Path(os.path.expanduser(os.fspath(preset_dir)))
    files = FolderFiles(folder, str(folder))
    if not (folder / CONFIG).is_file():
        raise SaveError(
            f"There is no preset in {str(folder)!r} to put this into. Save the backbone or the task there first; or "
            "both at once, with backbone.save_to_preset(folder, preprocessor=…)."
        )
    if "registered_name" not in read_json(files, CONFIG):
        raise SaveError(
            f"The preset in {str(folder)!r} is not in KerasHub's layout, so this has no place in it. Load it, and save "
            "it whole with save_to_preset."
        )
    return files


def _with(serialized: Mapping[str, Any], key: str, part: Serialized | None) -> Serialized:
    """Return the JSON of a component with one part replaced, if there is a new one."""
    return dict(serialized) if part is None else {**serialized, "config": {**serialized["config"], key: part}}


def _link_or_copy(source: Path, copy: Path) -> None:
    """Hard-link an unchanged file into the new folder; copy it where links are not supported."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), copy)
    except OSError:
        shutil.copy2(source, copy)


def _with_owners(manifest: Manifest, components: Mapping[str, Any], has_tokenizer: bool) -> Manifest:
    owners = {kind: owner_of(component) for kind, component in components.items()}
    new = {owner.distribution: owner for owner in owners.values()}
    kept = {kind: name for kind, name in manifest.components.items() if has_tokenizer or kind != "tokenizers"}
    return attrs.evolve(
        manifest,
        components={**kept, **{kind: owner.name for kind, owner in owners.items()}},
        requires=tuple(sorted({*manifest.requires, *(owner.requirement for owner in new.values())})),
        versions={**manifest.versions, **{name: owner.version for name, owner in new.items()}},
    )
