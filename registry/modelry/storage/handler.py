"""The contract of a storage handler."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, ClassVar

from modelry.storage.lock.locked_files import LockedFiles
from modelry.storage.release import refuse

if TYPE_CHECKING:
    from modelry.storage.files import PresetFiles
    from modelry.storage.lock.locked import LockedPreset
    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Reference
    from modelry.storage.release import Release


class Storage(abc.ABC):
    """Opens the presets of one URI scheme.

    A plugin registers a subclass in the entry-point group `modelry.storage` under the scheme's name. It is created
    without arguments when a reference of its scheme is first opened.

    Attributes:
        works_offline: Whether it opens presets while offline: because they lie on this machine, or because it heeds
            `options.is_offline` in an `open_with` of its own. Unless it says so, it opens nothing while offline.
    """

    works_offline: ClassVar[bool] = False

    @abc.abstractmethod
    def open(self, reference: Reference) -> PresetFiles:
        """Return a view of the preset's files, fetching as little as possible.

        Raises:
            PresetNotFound: There is nothing where the reference points.
            StorageError: The reference is malformed, or the store cannot be reached.
        """

    def open_with(self, reference: Reference, options: OpenOptions) -> PresetFiles:
        """Return a view of the preset's files, opened as the options say.

        A handler that has use for options overrides this, and refuses the others with `options.allow_only`. Unless it
        does, no option can be given but `offline`, which modelry itself sees to.

        Raises:
            InputError: An option is given that this handler cannot honour.
            ModelryError: Whatever `open` raises.
        """
        options.allow_only(("offline",), reference)
        return self.open(reference)

    def open_locked(self, reference: Reference, options: OpenOptions, locked: LockedPreset) -> PresetFiles:
        """Return a view of the one version of the preset that is locked, with files that are what is locked.

        Raises:
            LockError: The preset has other files than are locked, or another version.
            ModelryError: Whatever `open_with` raises.
        """
        return LockedFiles(self.open_with(reference, options), locked)

    def publish(self, reference: Reference, release: Release, options: OpenOptions) -> str:
        """Publish a preset, so that a reader sees all of it or none, and return the reference that opens it.

        A handler that can publish overrides this, and refuses with `allow_only` what it has no use for.

        Args:
            reference: Where.
            release: The files, and what the publisher says about them.
            options: `revision`, `token`, `storage_options` and `deadline`, as for opening.

        Raises:
            StorageError: The reference is malformed, the store cannot be reached or refuses, or nothing can be
                published there.
            InputError: Something is given that this handler has no use for.
        """
        refuse(reference, f"what opens {reference.scheme}:// only reads")
