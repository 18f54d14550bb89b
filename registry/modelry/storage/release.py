"""What is published: the files of a preset, and what the publisher says about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import attrs

from modelry.errors import InputError, StorageError
from modelry.storage.checksums import MANIFEST

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from modelry.storage.reference import Reference

MESSAGE = "Publish a preset with modelry"
"""What the history of a hub says where the publisher says nothing."""

MARK = "config.json"
"""The file that makes a folder a preset: no reader takes a folder without it for one."""

ABLE = "hf://, kaggle://, s3://, gs://, az://, abfs://, sftp://, webdav://, webdavs:// and memory://"


@attrs.frozen
class Release:
    """A preset that is to be published.

    Attributes:
        files: Name → the file on this machine.
        owned: What the names of files match that belong to a preset: an older preset's are removed if this one has them
            not. All other files in its place are somebody's own, and stay.
        if_missing: The files that are not to replace one of the same name.
        message: What the publisher says about this version; `None` for what modelry says.
        private: Whether only its owner is to see it; `None` for what the store does.
        licence: The licence of the model, for hubs that keep it beside the files, where the model card has it anyway.
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
        """Check that nothing else is said than what a store has use for: of `"message"` and `"private"`, those named.

        Raises:
            InputError: It is.
        """
        for name, argument in (("message", "commit_message"), ("private", "private")):
            if getattr(self, name) is not None and name not in names:
                raise InputError(
                    f"{reference.text!r} cannot be published with {argument}=: {reference.scheme}:// has no such "
                    "thing. Leave it out."
                )

    def sizes(self) -> dict[str, int]:
        """Return name → bytes; raises OSError if a file cannot be read."""
        return {name: path.stat().st_size for name, path in self.files.items()}

    def ordered(self) -> tuple[str, ...]:
        """Return the names in the order in which they are written: what readers start from comes last."""
        return tuple(sorted(self.files, key=lambda name: (name == MARK, name == MANIFEST, name)))

    def stale(self, there: Collection[str]) -> tuple[str, ...]:
        """Return which of the files that are there belong to an older preset alone."""
        return tuple(sorted(name for name in there if self.owned.fullmatch(name) and name not in self.files))


def refuse(reference: Reference, why: str) -> NoReturn:
    """Raise what tells that nothing can be published where a reference points, and where it can.

    Raises:
        StorageError: Always.
    """
    raise StorageError(
        f"Nothing can be published to {reference.text!r}: {why}. Publish to {ABLE}, or to a scheme whose plugin "
        "publishes; or save to a folder, and bring it there with the store's own tools."
    )
