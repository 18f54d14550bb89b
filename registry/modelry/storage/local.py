"""`file://` and plain paths: folders on this machine."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from modelry.errors import PresetNotFound, StorageError
from modelry.storage.files import FolderFiles
from modelry.storage.handler import Storage
from modelry.storage.options import AROUND
from modelry.storage.reaching import reaching

if TYPE_CHECKING:
    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Reference


class LocalStorage(Storage):
    """Opens a folder."""

    works_offline: ClassVar[bool] = True

    def open(self, reference: Reference) -> FolderFiles:
        """Return a view of the folder; raises what `Storage.open` does."""
        folder = Path(reference.path)
        with reaching(f"{reference.text!r:.300} cannot be opened"):
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
        """Return a view of the folder; what is about networks and caches holds of itself."""
        options.allow_only(AROUND, reference)
        return self.open(reference)
