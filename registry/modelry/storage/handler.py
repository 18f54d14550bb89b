"""The contract of a storage handler."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelry.storage.files import PresetFiles
    from modelry.storage.reference import Reference


class Storage(abc.ABC):
    """Opens the presets of one URI scheme.

    A plugin registers a subclass in the entry-point group `modelry.storage` under the scheme's name. It is created
    without arguments when a reference of its scheme is first opened.
    """

    @abc.abstractmethod
    def open(self, reference: Reference) -> PresetFiles:
        """Return a view of the preset's files, fetching as little as possible.

        Raises:
            PresetNotFound: There is nothing where the reference points.
            StorageError: The reference is malformed, or the store cannot be reached.
        """
