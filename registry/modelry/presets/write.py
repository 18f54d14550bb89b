"""Writing of presets: atomically into a folder, or to a store."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from modelry._atomic import atomic_folder
from modelry._version import version
from modelry.errors import (
    InputError,
    ModelryError,
    PresetFormatError,
    PresetNotFound,
    SaveError,
    UnknownArgument,
    UnsafePresetError,
    did_you_mean,
)
from modelry.presets.card import CARD, CardFacts, card
from modelry.presets.keras_hub import ASSETS, TOKENIZER
from modelry.presets.manifest import NAME, Manifest, digest
from modelry.presets.read import read_files
from modelry.storage.files import FolderFiles
from modelry.storage.handler import Release
from modelry.storage.integrity import read_checksums
from modelry.storage.open import handler_of, publish
from modelry.storage.options import OpenOptions
from modelry.storage.paths import (
    Reference,
    explain,
    is_folder,
    is_possible,
    parse_reference,
    paths_below,
    storage_errors,
)
from modelry.strict_json import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.presets.components import Serialized
    from modelry.presets.recipe import Recipe

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


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `modelry.json`, with the size and sha256 of every other file of the preset."""
    files = {path.relative_to(folder).as_posix(): digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    write_json(folder / NAME, attrs.evolve(manifest, files=files).to_json(version))


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


_OPTIONS = ("commit_message", "deadline", "licence", "metrics", "private", "revision", "storage_options", "token")


def upload_preset(
    uri: str,
    preset: str | os.PathLike[str],
    *,
    private: bool | None = None,
    revision: str | None = None,
    commit_message: str | None = None,
    token: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    licence: str | None = None,
    deadline: float | None = None,
) -> str:
    """Publish a preset, so that `from_preset(uri)` loads it from anywhere.

    Every file is compared with the preset's own manifest before anything is sent. Readers see all of the preset or none
    of it, also while an older one is replaced. Files in its place that belong to no preset stay. Hidden files of the
    folder are left out, and a link in it is an error. A folder without a `README.md` gets a model card; it replaces one
    that lies in its place only if `metrics` or `licence` are given for it.

    Args:
        uri: Where to: `hf://owner/name`, `kaggle://owner/model/framework/variation`, `s3://bucket/folder`, or any other
            scheme that can be written to.
        preset: The folder of the preset, as `save_to_preset` writes it.
        private: Whether a repository that has to be made is private; `None` for what its hub does by default. One that
            is there already must be as private as this says.
        revision: The branch to publish to, on a hub that has branches. It is made if it is missing.
        commit_message: What the hub's history, or its notes, say about this version.
        token: What the store is to be shown; never printed.
        storage_options: Arguments for the store's client, such as an endpoint or credentials; never printed.
        metrics: Name → value of what was measured, for the model card.
        licence: The licence of the model, such as `"Apache-2.0"`, for the model card, and for a hub that keeps it
            beside the files.
        deadline: Seconds that the store may take for the listing, and for each file, all tries included; `None` for 15
            minutes, and for a file one second more for each 256 KiB. On Hugging Face, all files are one commit, and
            have it together.

    Returns:
        The reference that opens what was published: with the commit or version, where the store has such, and with
        `***` for a password in it.

    Raises:
        PresetNotFound: `preset` is not a folder with a preset in it.
        PresetFormatError: A file of the preset is damaged, or is not what its manifest says.
        UnsafePresetError: There is a link in the folder, which could lead to anything on this machine.
        StorageError: `uri` is malformed, cannot be written to, or its store refuses; or `preset` cannot be read.
        DeadlineExceeded: The store takes longer than it may. Nobody sees a part of the preset.
        InputError: An argument is wrong, or the store has no use for it.
    """
    if not isinstance(preset, (str, os.PathLike)):
        raise InputError(f"preset must be the path of a folder, not {preset!r}.")
    options = OpenOptions(revision=revision, token=token, storage_options=storage_options, deadline=deadline)
    reference = _target(uri)
    folder = Path(os.path.expanduser(os.fspath(preset)))
    with storage_errors(f"{str(folder)!r} cannot be published"):
        if not is_folder(folder):
            raise PresetNotFound(
                f"There is no folder {str(folder)!r} to publish. Pass one that save_to_preset has written."
            )
        _check_no_links(folder)
    files = {name: folder / name for name in sorted(FolderFiles(folder, str(folder)).names()) if not _is_hidden(name)}
    recipe = _checked(folder, files, reference.text, options)
    facts = CardFacts({} if metrics is None else metrics, licence)
    with tempfile.TemporaryDirectory(prefix="modelry-card-") as temporary:
        if_missing: frozenset[str] = frozenset()
        if CARD not in files:
            files[CARD] = Path(temporary, CARD)
            files[CARD].write_text(card(recipe, reference.text, facts), "utf-8")
            if_missing = frozenset() if facts.are_given else frozenset({CARD})
        elif facts.are_given:
            raise InputError(
                f"{str(folder)!r} has a {CARD}, which is published as it is, so metrics= and licence= would be lost. "
                "Write them into it, or take it out of the folder."
            )
        release = Release(files, PRESET_FILES, if_missing, commit_message, private, licence)
        return publish(reference, release, options)


@contextlib.contextmanager
def new_preset(preset_dir: str | os.PathLike[str], options: Mapping[str, Any]) -> Iterator[Path]:
    """Yield an empty folder for a new preset, and put it where it belongs when the block ends without an error.

    Args:
        preset_dir: A folder, or the URI that the preset is published to.
        options: Options of `upload_preset`, if it is a URI.

    Raises:
        SaveError: The folder cannot be written, or holds files but no preset.
        InputError: Options are given for a folder, or values of them are wrong.
        UnknownArgument: There is no such option.
        ModelryError: Whatever `upload_preset` raises.
    """
    for name in options:
        if name not in _OPTIONS:
            raise UnknownArgument(f"save_to_preset takes no argument {name!r}.{did_you_mean(name, _OPTIONS)}")
    if not isinstance(preset_dir, str) or "://" not in preset_dir or parse_reference(preset_dir).scheme == "file":
        if options:
            raise InputError(
                f"{', '.join(f'{name}=' for name in options)} is for presets that are published to a URI, and "
                f"{preset_dir!r} is a folder. Leave it out."
            )
        is_uri = isinstance(preset_dir, str) and "://" in preset_dir
        with new_folder(parse_reference(preset_dir).path if is_uri else preset_dir) as folder:
            yield folder
        return
    handler_of(_target(preset_dir))  # before anything is saved in vain
    with tempfile.TemporaryDirectory(prefix="modelry-") as temporary:
        folder = Path(temporary, "preset")
        folder.mkdir()
        yield folder
        upload_preset(preset_dir, folder, **options)


def _target(uri: object) -> Reference:
    if not isinstance(uri, str) or "://" not in uri:
        raise InputError(
            f"A preset is published to a URI such as 'hf://owner/name' or 's3://bucket/folder', not to {uri!r}. "
            "save_to_preset writes folders."
        )
    return parse_reference(uri)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _check_no_links(folder: Path) -> None:
    """Check that all that would be published lies in the folder itself; what is hidden is not published."""
    for path in sorted(paths_below(folder)):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() and not _is_hidden(name):
            raise UnsafePresetError(
                f"{name} of preset {str(folder)!r} is a link, to {str(path.readlink())!r}, and what it leads to "
                "would be published. Nothing is. Put a copy in its place, or take it out of the folder."
            )


def _checked(folder: Path, files: Mapping[str, Path], place: str, options: OpenOptions) -> Recipe:
    """Return the Recipe of the preset in a folder, having checked that all of it is as it was saved."""
    recipe = read_files(FolderFiles(folder, str(folder)), options, place=place)
    listed = read_checksums(files[NAME], str(folder)) if NAME in files else {}
    for name, (size, sha256) in listed.items():
        if name not in files:
            raise PresetFormatError(f"{NAME} of preset {str(folder)!r} lists {name}, which is missing. Save it again.")
        with storage_errors(f"{name} of preset {str(folder)!r} cannot be read"):
            found = digest(files[name])
        if found != {"size": size, "sha256": sha256}:
            raise PresetFormatError(
                f"{name} of preset {str(folder)!r} is not what {NAME} says: it was changed or damaged after it was "
                "saved. Load and save the preset again, so that readers can check what they fetch."
            )
    return recipe


class SavedTokenizer(Protocol):
    """A tokenizer, as far as saving it goes."""

    def serialized(self) -> Serialized:
        """Return the contents of `tokenizer.json`."""

    def save_assets(self, folder: Path) -> None:
        """Write the vocabulary's files into a folder."""


def write_tokenizer(folder: Path, tokenizer: SavedTokenizer, config: Serialized) -> None:
    """Write `tokenizer.json` and the tokenizer's files into the folder of a preset that has none."""
    write_json(folder / TOKENIZER, config)
    assets = folder / ASSETS
    assets.mkdir(parents=True)
    tokenizer.save_assets(assets)
