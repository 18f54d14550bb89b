"""References to Kaggle: `kaggle://owner/model/framework/variation[/version]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from modelry.errors import InputError, StorageError

if TYPE_CHECKING:
    from modelry.storage.paths import Reference


FORM: Final = "kaggle://owner/model/framework/variation[/version]"

_SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9])?")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_PARTS = ("owner", "model", "framework", "variation")
_OTHER_TYPES = {
    "datasets": "a data set",
    "competitions": "a competition",
    "code": "a notebook",
    "kernels": "a notebook",
}


@attrs.frozen
class KaggleReference:
    """A variation of a model, at a version.

    Attributes:
        model: `owner/model/framework/variation`.
        version: Its number; `None` for the newest.
        text: The reference as the user wrote it, for messages.
    """

    model: str
    version: int | None = None
    text: str = attrs.field(default="", eq=False)

    @property
    def is_pinned(self) -> bool:
        """True if the version is given; a version never changes."""
        return self.version is not None

    @property
    def owner(self) -> str:
        """Owner of the model."""
        return self.model.partition("/")[0]

    @property
    def name(self) -> str:
        """The name of the model that this is a variation of."""
        return self.model.split("/")[1]

    @property
    def page(self) -> str:
        """The page of the model, where its terms are."""
        return f"https://www.kaggle.com/models/{self.model}"

    def at(self, version: int) -> KaggleReference:
        """Return the same variation at a version."""
        return attrs.evolve(self, version=version)

    def __str__(self) -> str:
        """Return the one spelling of the reference, which caches know it by."""
        version = "" if self.version is None else f"/{self.version}"
        return f"kaggle://{self.model}{version}"


def is_version(text: str) -> bool:
    """Return whether a text is the number of a version."""
    return _VERSION.fullmatch(text) is not None


def parse_kaggle(reference: Reference, revision: str | None = None) -> KaggleReference:
    """Parse a reference; `revision` is a version that was given in addition to it.

    Raises:
        InputError: A version was given twice, or the additional one is not a number.
        StorageError: The reference is malformed, or names something else than a model.
    """
    text = reference.text
    parts = reference.path.removesuffix("/").split("/")
    if parts[0] in _OTHER_TYPES and len(parts) > 1:
        raise StorageError(f"{text!r} names {_OTHER_TYPES[parts[0]]}, and presets are models: {FORM}.")
    if parts[0] == "models" and len(parts) >= 5:
        raise StorageError(f"{text!r} begins like the address of a page. Leave out 'models/': {FORM}.")
    if len(parts) not in (4, 5):
        raise StorageError(f"{text!r} has {len(parts)} of the parts that name a model on Kaggle. Write {FORM}.")
    for part, what in zip(parts, _PARTS, strict=False):
        if not _SLUG.fullmatch(part) or ".." in part:
            raise StorageError(f"{part!r} names no {what} on Kaggle (in {text!r}). Write {FORM}.")
    model, written = "/".join(parts[:4]), parts[4] if len(parts) == 5 else None
    if written is not None and not _VERSION.fullmatch(written):
        raise StorageError(f"{written!r} (in {text!r}) is not a version: versions on Kaggle are 1, 2, 3, …")
    if written is not None and revision is not None:
        raise InputError(
            f"{text!r} says version {written}, and revision={revision!r} is given as well. Give it in one place."
        )
    if revision is not None and not _VERSION.fullmatch(revision):
        raise InputError(f"revision={revision!r} (for {text!r}) is not a version: versions on Kaggle are 1, 2, 3, …")
    chosen = written or revision
    return KaggleReference(model, None if chosen is None else int(chosen), text)
