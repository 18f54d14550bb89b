"""Write a preprocessor or a tokenizer: into a new preset, or into one that is there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import InputError, SaveError
from modelry.presets.components import owner_of
from modelry.presets.json_files import read_json, write_json
from modelry.presets.keras_hub import ASSETS, PREPROCESSOR, TASK, TOKENIZER
from modelry.presets.manifest import NAME, Manifest, read_manifest
from modelry.presets.read import CONFIG
from modelry.presets.write import is_preset_file, new_folder, write_manifest
from modelry.storage.files import FolderFiles
from modelry.text.serialized import Serialized, serialized_preprocessor, serialized_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.text.preprocessor import Preprocessor
    from modelry.text.tokenizer import Tokenizer


def write_preprocessor(folder: Path, preprocessor: Preprocessor, config: Serialized) -> None:
    """Write the files of a preprocessor and its tokenizer into a folder that has none.

    Args:
        folder: The folder.
        preprocessor: The preprocessor.
        config: What `serialized_preprocessor` returned for it.
    """
    write_json(folder / PREPROCESSOR, config)
    _write_tokenizer(folder, preprocessor.tokenizer, config["config"]["tokenizer"])


def put_preprocessor(preset_dir: str | os.PathLike[str], preprocessor: Preprocessor) -> None:
    """Put a preprocessor into a preset; see `Preprocessor.save_to_preset`."""
    config = serialized_preprocessor(preprocessor)
    components = {"preprocessors": preprocessor, "tokenizers": preprocessor.tokenizer}
    _put(preset_dir, components, {PREPROCESSOR: config}, preprocessor.tokenizer, config["config"]["tokenizer"])


def put_tokenizer(preset_dir: str | os.PathLike[str], tokenizer: Tokenizer) -> None:
    """Put a tokenizer into a preset; see `Tokenizer.save_to_preset`."""
    _put(preset_dir, {"tokenizers": tokenizer}, {}, tokenizer, serialized_tokenizer(tokenizer))


def _put(
    preset_dir: str | os.PathLike[str],
    components: Mapping[str, Any],
    written: dict[str, Serialized],
    tokenizer: Tokenizer,
    config: Serialized,
) -> None:
    """Write a preset again, with other parts; whole or not at all, as any."""
    files = _preset_in(preset_dir)
    manifest = read_manifest(files)
    if PREPROCESSOR in files and PREPROCESSOR not in written:
        written[PREPROCESSOR] = _with(read_json(files, PREPROCESSOR), "tokenizer", config)
    if TASK in files:  # which has copies of its parts, and these are what is read
        written[TASK] = _with(read_json(files, TASK), "preprocessor", written.get(PREPROCESSOR))
    with new_folder(files.folder) as folder:
        for name in sorted(filter(is_preset_file, files.names())):
            if name not in (*written, TOKENIZER, NAME) and not name.startswith(ASSETS):
                _bring(files.path(name), folder / name)
        for name, contents in written.items():
            write_json(folder / name, contents)
        _write_tokenizer(folder, tokenizer, config)
        if manifest is not None:
            write_manifest(folder, _with_owners(manifest, components))


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
    """Return the JSON of a component with another part, if there is one."""
    return dict(serialized) if part is None else {**serialized, "config": {**serialized["config"], key: part}}


def _bring(source: Path, copy: Path) -> None:
    """Have a file that does not change in the new folder too; weights are large, so not twice if that can be."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), copy)
    except OSError:
        shutil.copy2(source, copy)


def _write_tokenizer(folder: Path, tokenizer: Tokenizer, config: Serialized) -> None:
    write_json(folder / TOKENIZER, config)
    assets = folder / ASSETS
    assets.mkdir(parents=True)
    tokenizer.save_assets(assets)


def _with_owners(manifest: Manifest, components: Mapping[str, Any]) -> Manifest:
    owners = {kind: owner_of(component) for kind, component in components.items()}
    new = {owner.distribution: owner for owner in owners.values()}
    return attrs.evolve(
        manifest,
        components={**manifest.components, **{kind: owner.name for kind, owner in owners.items()}},
        requires=tuple(sorted({*manifest.requires, *(owner.requirement for owner in new.values())})),
        versions={**manifest.versions, **{name: owner.version for name, owner in new.items()}},
    )
