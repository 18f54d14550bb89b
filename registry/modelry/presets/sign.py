"""Sign a preset that lies in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from modelry.errors import InputError, PresetFormatError, PresetNotFound, SaveError
from modelry.presets.manifest import NAME
from modelry.presets.verify import passes, verify
from modelry.storage.files import FolderFiles, read_json
from modelry.storage.paths import explain, is_file, is_folder, storage_errors
from modelry.storage.signature import FIELD, make_signature
from modelry.strict_json import write_json


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
