"""Verification of a preset: every file against its checksum; and signing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import attrs

from modelry.errors import (
    ChecksumMismatch,
    CorruptCache,
    DeadlineExceeded,
    InputError,
    ModelryError,
    PresetFormatError,
    PresetNotFound,
    SaveError,
)
from modelry.presets.manifest import NAME
from modelry.presets.write import is_preset_file
from modelry.storage.files import FolderFiles, read_json
from modelry.storage.integrity import FIELD, MANIFEST, git_sha1_of, make_signature, read_checksums, sha256_of
from modelry.storage.paths import explain, is_file, is_folder, storage_errors
from modelry.strict_json import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.storage.files import PresetFiles
    from modelry.storage.remote_source import RemoteFile

Status = Literal["ok", "damaged", "missing", "unexpected", "unavailable", "unchecked"]

STATUSES: tuple[Status, ...] = ("ok", "damaged", "missing", "unexpected", "unavailable", "unchecked")
"""`"unavailable"` is a file that cannot be had here, `"unchecked"` one of which nothing says what it must be."""

_Listed = dict[str, tuple[int, str]]

_DROPPED = "its copy in the cache was damaged, and is removed; what the store has is right"


@attrs.frozen
class Checked:
    """Result of checking one file.

    Attributes:
        name: The file, as it is named in the preset.
        status: One of `STATUSES`.
        problem: What is wrong with it, or why it could not be checked; `None` if it is right.
    """

    name: str
    status: Status
    problem: str | None = None


def verify(files: PresetFiles, signed: bool = False) -> Iterator[Checked]:
    """Yield what is found of each file, those that are missing included, by name.

    A file is held against the preset's manifest, or else against the digest that its store tells. Those of a remote
    preset that are not here are fetched; a copy in the cache that is damaged is dropped and counts as damaged. A store
    that has not done in time with one file is asked for no other.

    Args:
        files: The preset.
        signed: Whether the signature in the manifest has been checked, so that the manifest itself is right.

    Raises:
        DeadlineExceeded: The manifest could not be fetched in time, so that nothing can be checked.
        StorageError: It could not be fetched.
    """
    slow: str | None = None
    listed, trouble = _read_manifest(files)
    names = files.names()
    told = {name: files.expected(name) for name in names & set(listed)}
    contradicted = {name for name, file in told.items() if file is not None and _contradicts(file, listed[name])}
    for name in sorted(names | set(listed)):
        if name == MANIFEST and trouble is not None:
            yield trouble
        elif name not in names:
            yield Checked(name, "missing", f"{MANIFEST} lists it, and it is not there")
        elif listed and name not in listed and name != MANIFEST and is_preset_file(name):
            yield Checked(name, "unexpected", f"{MANIFEST} does not list it, and loading may take it for a part")
        elif name in contradicted:
            yield Checked(name, "damaged", f"the store has another file than {MANIFEST} lists")
        elif contradicted and name != MANIFEST:
            yield Checked(name, "unavailable", f"no file is fetched while the store contradicts {MANIFEST}")
        elif slow is not None and not files.is_local(name):
            yield Checked(name, "unavailable", f"it was not asked for, since {slow} could not be fetched in time")
        else:
            try:
                found = _check(files, name, listed)
            except DeadlineExceeded as error:
                slow, found = name, Checked(name, "unavailable", str(error))
            vouched = signed and name == MANIFEST and found.status == "unchecked"
            yield Checked(name, "ok") if vouched else found


def passes(found: list[Checked], strict: bool = False) -> bool:
    """Return whether a preset can be called right: something was checked, and none of it is wrong.

    Args:
        found: What `verify` has found.
        strict: Whether a file that could not be checked is wrong.
    """
    statuses = {one.status for one in found}
    return "ok" in statuses and statuses <= ({"ok"} if strict else {"ok", "unchecked"})


def _read_manifest(files: PresetFiles) -> tuple[_Listed, Checked | None]:
    """Return what the manifest lists, or what is wrong with the manifest itself."""
    if MANIFEST not in files:
        return {}, None
    try:
        dropped = files.evict_if_corrupt(MANIFEST)
        listed = read_checksums(files.path(MANIFEST), files.reference)
    except DeadlineExceeded:  # which is an OSError too
        raise
    except (PresetFormatError, ChecksumMismatch, OSError) as error:
        return {}, Checked(MANIFEST, "damaged", str(error))
    return listed, Checked(MANIFEST, "damaged", _DROPPED) if dropped else None


def _contradicts(file: RemoteFile, listed: tuple[int, str]) -> bool:
    size, sha256 = listed
    return file.size not in (None, size) or file.sha256 not in (None, sha256)


def _check(files: PresetFiles, name: str, listed: Mapping[str, tuple[int, str]]) -> Checked:
    """Check one file; raises DeadlineExceeded where that is all that is known of it."""
    told = files.expected(name)
    size, sha256 = listed.get(name, (None, None))
    if sha256 is None and told is not None:
        sha256 = told.sha256
    git_sha1 = None if told is None else told.git_sha1
    dropped = False
    try:
        dropped = files.evict_if_corrupt(name)
        path = files.path(name)
        problem = _difference(path, size, sha256, git_sha1)
    except (ChecksumMismatch, CorruptCache) as error:
        return Checked(name, "damaged", str(error))
    except ModelryError as error:
        if isinstance(error, DeadlineExceeded) and not dropped:
            raise
        return Checked(name, "damaged" if dropped else "unavailable", str(error))
    except OSError as error:
        return Checked(name, "damaged", f"it cannot be read: {error}")
    if problem is not None:
        return Checked(name, "damaged", problem)
    if dropped:
        return Checked(name, "damaged", _DROPPED)
    if sha256 is None and git_sha1 is None:
        return Checked(name, "unchecked", _nobody_tells(name, bool(listed)))
    return Checked(name, "ok")


def _difference(path: Path, size: int | None, sha256: str | None, git_sha1: str | None) -> str | None:
    """Return how a file differs from what is known of it."""
    found = path.stat().st_size
    if size is not None and found != size:
        return f"it has {found:,} bytes, and should have {size:,}"
    if sha256 is not None:
        digest = sha256_of(path)
        return None if digest == sha256 else f"its SHA-256 is {digest}, and should be {sha256}"
    if git_sha1 is not None and git_sha1_of(path) != git_sha1:
        return f"its content is not that of git's SHA-1 {git_sha1}"
    return None


def _nobody_tells(name: str, has_manifest: bool) -> str:
    if name == MANIFEST:
        return "it says what the others must be, and nothing says what it must be itself"
    if has_manifest:
        return f"{MANIFEST} does not list it, and the store has no digest; it is not part of the preset"
    return f"there is no {MANIFEST} that lists it, and no store tells a digest"


def sign_preset(
    preset: str | os.PathLike[str], private_key: str | os.PathLike[str], password: str | None = None
) -> None:
    """Write a signature into the `modelry.json` of a preset, in place of one that is there.

    Every file is hashed first: a signature vouches for all of them. Saving the preset again takes it away.

    Args:
        preset: The folder of the preset.
        private_key: The file of a private key for an elliptic curve, in PEM.
        password: What the key is encrypted with, if it is.

    Raises:
        StorageError: The folder or a file of it cannot be read.
        PresetNotFound: There is no such folder, or no `modelry.json` in it.
        PresetFormatError: A file is not what `modelry.json` says, or one of a preset's files is not in it.
        InputError: The key cannot be used.
        SignatureError: `model-signing` is not installed.
        SaveError: `modelry.json` cannot be written.
    """
    folder = Path(os.path.expanduser(os.fspath(preset)))
    with storage_errors(f"{str(folder)!r} cannot be signed"):
        if not is_folder(folder):
            raise PresetNotFound(
                f"There is no folder {str(folder)!r} to sign. Pass one that save_to_preset has written."
            )
    files = FolderFiles(folder, str(folder))
    manifest = read_json(files, NAME)
    found = list(verify(files))
    if not passes(found):
        wrong = [f"{one.name} is {one.status}: {one.problem}" for one in found if one.status not in ("ok", "unchecked")]
        raise PresetFormatError(
            f"Preset {str(folder)!r} is not signed, because {(wrong or [f'{NAME} lists no files'])[0]}. Load and save "
            "the preset again, and sign that."
        )
    key = Path(os.path.expanduser(os.fspath(private_key)))
    with storage_errors(f"The key {str(key)!r} cannot be read"):
        if not is_file(key):
            raise InputError(f"There is no key {str(key)!r}. Pass the file of a private key.")
    signature = make_signature(manifest, key, password)
    try:
        write_json(folder / NAME, {**manifest, FIELD: signature})
    except OSError as error:
        raise SaveError(
            f"{NAME} of {str(folder)!r} cannot be written, so it is not signed: {explain(error)}"
        ) from error
