"""Folders on this machine: plain paths, `file://`, and `package://` for presets inside installed distributions."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from modelry.discovery.pip import install_advice
from modelry.errors import PresetNotFound, StorageError
from modelry.storage.files import FolderFiles
from modelry.storage.handler import Storage
from modelry.storage.names import checked_name
from modelry.storage.options import COMMON_OPTIONS
from modelry.storage.os_errors import is_folder, storage_errors

if TYPE_CHECKING:
    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Reference


class LocalStorage(Storage):
    """Opens a folder."""

    works_offline: ClassVar[bool] = True

    def open(self, reference: Reference) -> FolderFiles:
        """Return a view of the folder; raises what `Storage.open` does."""
        folder = Path(reference.path)
        with storage_errors(f"{reference.text!r:.300} cannot be opened"):
            try:
                mode = folder.stat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                raise PresetNotFound(
                    f"There is no folder {str(folder.absolute())!r} (from {reference.text!r})."
                ) from None
        if not stat.S_ISDIR(mode):
            raise StorageError(f"{reference.text!r} is a file. A preset is a folder: pass {str(folder.parent)!r}?")
        return FolderFiles(folder, reference.text)

    def open_with(self, reference: Reference, options: OpenOptions) -> FolderFiles:
        """Return a view of the folder; options for networks and caches have no effect."""
        options.allow_only(COMMON_OPTIONS, reference)
        return self.open(reference)


class PackageStorage(Storage):
    """Opens a folder of an installed distribution, without importing the distribution."""

    works_offline: ClassVar[bool] = True

    def open(self, reference: Reference) -> FolderFiles:
        """Return a view of the folder; raises what `Storage.open` does."""
        name, _, path = reference.path.partition("/")
        path = path.rstrip("/")
        if not name or not path:
            raise StorageError(f"{reference.text!r} is incomplete: write package://distribution/path/to/preset.")
        try:
            distribution = importlib.metadata.distribution(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):
            raise PresetNotFound(
                f"{reference.text!r} needs the distribution {name!r}, which is not installed. {install_advice(name)}"
            ) from None
        for root in _roots(distribution, top=path.partition("/")[0]):
            folder = root / checked_name(path)
            with storage_errors(f"{reference.text!r} cannot be opened"):
                found = is_folder(folder)
            if found:
                return FolderFiles(folder, reference.text, trusted=True)
        raise PresetNotFound(f"The installed distribution {name!r} {distribution.version} has no folder {path!r}.")

    def open_with(self, reference: Reference, options: OpenOptions) -> FolderFiles:
        """Return a view of the folder; options for networks and caches have no effect."""
        options.allow_only(COMMON_OPTIONS, reference)
        return self.open(reference)


def _roots(distribution: importlib.metadata.Distribution, top: str) -> list[Path]:
    """Return the folders that the distribution's paths may be relative to."""
    roots = [Path(str(distribution.locate_file("")))]
    # An editable install records no files of its own; its packages lie where the import system finds them.
    spec = importlib.util.find_spec(top) if _is_editable(distribution) and top.isidentifier() else None
    if spec is not None:
        roots += [Path(location).parent for location in spec.submodule_search_locations or ()]
    return roots


def _is_editable(distribution: importlib.metadata.Distribution) -> bool:
    try:
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:  # no installer's work; what follows looks for the folder where wheels have it
        return False
    return isinstance(origin, dict) and bool((origin.get("dir_info") or {}).get("editable"))
