"""A view of a preset that remembers which of its files were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.storage.files import ForwardingFiles

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from modelry.storage.files import PresetFiles


class RecordedFiles(ForwardingFiles):
    """The files of another view.

    Attributes:
        were_here: The names of those that were read, and whether each lay on this machine before.
    """

    def __init__(self, files: PresetFiles) -> None:
        super().__init__(files)
        self.were_here: dict[str, bool] = {}

    def fetch(self, name: str) -> Path:
        """Return the path of a file; raises what `PresetFiles.fetch` does."""
        here = self._files.is_local(name)
        path = self._files.path(name)
        self.were_here.setdefault(name, here)
        return path

    def download(self, names: Iterable[str]) -> None:
        """Bring files here, as the other view does it; raises what `PresetFiles.bring` does."""
        here = {name: self._files.is_local(name) for name in names}
        self._files.download(here)
        self.were_here = here | self.were_here
