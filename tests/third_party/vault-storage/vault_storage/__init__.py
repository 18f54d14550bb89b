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

    works_offline = True

    def open(self, reference):
        """Return a view of the archive's files."""
        archive = archive_of(reference)
        if not archive.is_file():
            raise PresetNotFound(f"There is no archive {str(archive)!r} (from {reference.text!r}).")
        return VaultFiles(archive, reference.text)

    def publish(self, reference, release, options):
        """Put a preset into the vault: its archive takes the place of an older one when it is complete."""
        options.allow_only(("offline",), reference, "published")
        release.allow_only((), reference)
        archive = archive_of(reference)
        part = archive.with_name(f".{archive.name}.{os.getpid()}")
        try:
            with zipfile.ZipFile(part, "w") as packed:
                for name in release.ordered():
                    packed.write(release.files[name], name)
            part.replace(archive)
        except OSError as error:
            raise StorageError(f"{reference.text!r} cannot be put into the vault: {error}.") from error
        finally:
            part.unlink(missing_ok=True)
        return reference.text


def archive_of(reference):
    """Return where the archive of a preset lies."""
    home = os.environ.get("VAULT_HOME")
    if not home:
        raise StorageError(f"{reference.text!r} lies in a vault. Set VAULT_HOME to the folder of the archives.")
    name = reference.path.strip("/")
    if not name or "/" in name:
        raise StorageError(f"{reference.text!r} names no archive. Write vault:// and the name of one.")
    return Path(home, f"{name}.zip")


class VaultFiles(PresetFiles):
    """The files of one archive, unpacked one by one when they are asked for."""

    def __init__(self, archive, reference):
        self._reference = reference
        self._unpacked = tempfile.TemporaryDirectory(prefix="vault-")
        try:
            self._archive = zipfile.ZipFile(archive)  # kept open: an archive that takes its place is another preset
            self._sizes = {info.filename: info.file_size for info in self._archive.infolist() if not info.is_dir()}
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
                with self._archive.open(name) as packed, part.open("wb") as file:
                    shutil.copyfileobj(packed, file)
            except (OSError, zipfile.BadZipFile) as error:
                raise StorageError(f"{name} of {self._reference!r} cannot be unpacked: {error}.") from error
            part.rename(path)
        return path
