"""Presets in zip archives: `vault://reviews` is `reviews.zip` in the folder that `VAULT_HOME` names."""

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from modelry import PresetFiles, Storage
from modelry.errors import PresetNotFound, StorageError


class VaultStorage(Storage):
    """Opens `vault://name`."""

    def open(self, reference):
        """Return a view of the archive's files."""
        home = os.environ.get("VAULT_HOME")
        if not home:
            raise StorageError(f"{reference.text!r} lies in a vault. Set VAULT_HOME to the folder of the archives.")
        archive = Path(home, f"{reference.path.strip('/')}.zip")
        if not archive.is_file():
            raise PresetNotFound(f"There is no archive {str(archive)!r} (from {reference.text!r}).")
        return VaultFiles(archive, reference.text)


class VaultFiles(PresetFiles):
    """The files of one archive, unpacked one by one when they are asked for."""

    def __init__(self, archive, reference):
        self._archive = archive
        self._reference = reference
        self._unpacked = tempfile.TemporaryDirectory(prefix="vault-")
        try:
            with zipfile.ZipFile(archive) as opened:
                self._sizes = {info.filename: info.file_size for info in opened.infolist() if not info.is_dir()}
        except zipfile.BadZipFile as error:
            raise StorageError(f"{str(archive)!r} is damaged: {error}. Put a new copy into the vault.") from error

    @property
    def reference(self):
        """What the user wrote."""
        return self._reference

    def names(self):
        """Return the names of all files."""
        return frozenset(self._sizes)

    def size(self, name):
        """Return the size of a file in bytes."""
        return self._sizes.get(name)

    def fetch(self, name):
        """Unpack a file and return where it lies; zip archives hold a checksum of each file."""
        path = Path(self._unpacked.name, name)
        if not path.is_file():
            part = path.with_name(f"{path.name}.part")
            part.parent.mkdir(parents=True, exist_ok=True)
            try:
                with zipfile.ZipFile(self._archive) as archive, archive.open(name) as packed, part.open("wb") as file:
                    shutil.copyfileobj(packed, file)
            except (OSError, zipfile.BadZipFile) as error:
                raise StorageError(f"{name} of {self._reference!r} cannot be unpacked: {error}.") from error
            part.rename(path)
        return path
