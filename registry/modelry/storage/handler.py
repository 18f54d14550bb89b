"""The contract of a storage handler: opening a preset, and publishing a release."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, ClassVar, NoReturn

import attrs

from modelry.errors import InputError, StorageError
from modelry.storage.integrity import MANIFEST
from modelry.storage.views import LockedFiles

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from modelry.storage.files import PresetFiles
    from modelry.storage.lock import LockedPreset
    from modelry.storage.options import OpenOptions
    from modelry.storage.paths import Reference


MESSAGE = "Publish a preset with modelry"
"""The default message for a hub's history."""

PRESET_MARKER = "config.json"
"""The file that makes a folder a preset; readers find no preset in a folder without it."""

ABLE = "hf://, kaggle://, s3://, gs://, az://, abfs://, sftp://, webdav://, webdavs:// and memory://"


@attrs.frozen
class Release:
    """A preset that is to be published.

    Attributes:
        files: Name → the file on this machine.
        owned: Matches the names of a preset's files: those of an older preset that this one lacks are removed. All
            other files in the place are the user's, and stay.
        if_missing: Files that must not replace one of the same name.
        message: The publisher's message about this version; `None` for a default.
        private: Whether only its owner may see it; `None` for the store's default.
        licence: The licence of the model, for hubs that store it separately; the model card has it anyway.
    """

    files: Mapping[str, Path]
    owned: re.Pattern[str]
    if_missing: frozenset[str] = frozenset()
    message: str | None = None
    private: bool | None = None
    licence: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.message is not None and (not isinstance(self.message, str) or not self.message.strip()):
            raise InputError(f"commit_message must be a text that is not empty, not {self.message!r}.")
        if self.private is not None and not isinstance(self.private, bool):
            raise InputError(f"private must be True or False, not {self.private!r}.")

    def allow_only(self, names: Collection[str], reference: Reference) -> None:
        """Check that only arguments are given that the store supports, of `"message"` and `"private"`.

        Raises:
            InputError: It is.
        """
        for name, argument in (("message", "commit_message"), ("private", "private")):
            if getattr(self, name) is not None and name not in names:
                raise InputError(
                    f"{reference.text!r} cannot be published with {argument}=: {reference.scheme}:// does not "
                    "support it. Leave it out."
                )

    def sizes(self) -> dict[str, int]:
        """Return name → bytes; raises OSError if a file cannot be read."""
        return {name: path.stat().st_size for name, path in self.files.items()}

    def ordered(self) -> tuple[str, ...]:
        """Return the names in the order of writing: the files that readers start from come last."""
        return tuple(sorted(self.files, key=lambda name: (name == PRESET_MARKER, name == MANIFEST, name)))

    def stale(self, there: Collection[str]) -> tuple[str, ...]:
        """Return the files of an older preset that this one lacks, out of those that are there."""
        return tuple(sorted(name for name in there if self.owned.fullmatch(name) and name not in self.files))


def refuse_publishing(reference: Reference, why: str) -> NoReturn:
    """Refuse to publish to a reference, and name the schemes that can be published to.

    Raises:
        StorageError: Always.
    """
    raise StorageError(
        f"Nothing can be published to {reference.text!r}: {why}. Publish to {ABLE}, or to a scheme whose plugin "
        "publishes; or save to a folder, and bring it there with the store's own tools."
    )


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
        refuse_publishing(reference, f"the handler of {reference.scheme}:// only reads")
