"""Atomic writing of a preset's folder."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from modelry._atomic import atomic_folder
from modelry._version import version
from modelry.errors import InputError, ModelryError, SaveError
from modelry.presets import manifest as manifests
from modelry.storage.os_errors import explain, is_possible, paths_below
from modelry.strict_json import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

# Everything that a preset may consist of, in any format; what else lies in its folder is the user's.
PRESET_FILES = re.compile(
    r"(config|task|preprocessor|tokenizer|metadata|modelry|model\.weights|model\.safetensors\.index)\.json"
    r"|(model|task)\.weights\.h5|model_\d+\.weights\.h5|(model|task)(-\d+-of-\d+)?\.safetensors|assets/tokenizer/.*"
    r"|adapter\.safetensors"
    r"|(tokenizer_config|special_tokens_map|added_tokens|vocab)\.json|(vocab|merges)\.txt"
    r"|(spiece|spm|sentencepiece\.bpe|tokenizer)\.model"
)


@contextlib.contextmanager
def new_folder(preset_dir: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `preset_dir` when the block ends without an error.

    The user's own files in an older preset's folder, such as a README, are carried over.

    Raises:
        SaveError: The destination cannot be written, or is a folder that holds files but no preset.
    """
    if not isinstance(preset_dir, (str, os.PathLike)) or not (named := os.fspath(preset_dir)) or not is_possible(named):
        raise InputError(f"preset_dir must be the path of a folder, not {preset_dir!r}.")
    target = Path(os.path.abspath(os.path.expanduser(named)))
    try:
        # Through a link, the folder it points to is what must be replaced.
        target = Path(os.path.realpath(target)) if target.is_symlink() else target
        _check_target(target)
        with atomic_folder(target) as fresh:
            yield fresh
            _carry_over(target, fresh)
    except ModelryError:  # some are an OSError too
        raise
    except OSError as error:
        raise SaveError(
            f"Saving to {str(target)!r} failed: {explain(error)} What was there before is unchanged."
        ) from error


def write_manifest(folder: Path, manifest: manifests.Manifest) -> None:
    """Write `modelry.json`, with the size and sha256 of every other file of the preset."""
    files = {
        path.relative_to(folder).as_posix(): manifests.digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    write_json(folder / manifests.NAME, attrs.evolve(manifest, files=files).to_json(version))


def is_preset_file(name: str) -> bool:
    """Return whether a file of this name is a part of a preset, and not the user's own."""
    return PRESET_FILES.fullmatch(name) is not None


def _check_target(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise SaveError(f"{str(target)!r} is a file; a preset is saved as a folder.")
    if target.is_dir() and any(target.iterdir()) and not (target / "config.json").is_file():
        raise SaveError(
            f"The folder {str(target)!r} holds files but no preset. Choose a new or an empty folder, "
            "so that nothing of yours is mixed up or lost."
        )


def _carry_over(target: Path, fresh: Path) -> None:
    for path in paths_below(target) if target.is_dir() else ():
        name = path.relative_to(target).as_posix()
        if is_preset_file(name) or (path.is_dir() and not path.is_symlink()):
            continue
        copy = fresh / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy, follow_symlinks=False)
