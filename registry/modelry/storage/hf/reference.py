"""References to a Hugging Face hub: `hf://owner/name[@revision][/folder]`, and the hub's address."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit

import attrs

from modelry.errors import InputError, StorageError, did_you_mean
from modelry.storage.filesystems.guards import is_this_machine
from modelry.storage.paths import checked_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelry.storage.paths import Reference


MAIN: Final = "main"
"""The branch that is meant where no revision is written."""

FORM: Final = "hf://owner/name[@revision][/folder]"

PUBLIC: Final = "https://huggingface.co"

VARIABLE: Final = "HF_ENDPOINT"

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# Not allowed in a git ref, or the end of one in a URL.
_NO_REVISION = re.compile(r"[\x00-\x20\x7f~^:?*\[\]\\#]|\.\.|//|@\{|^[/.-]|[/.]$")
# Refs with slashes of their own, which are written as they are: `@refs/pr/7`.
_SLASHED = re.compile(r"refs/(?:pr/\d+|convert/[^/]+)(?=/|$)")

_OTHER_TYPES = {
    "datasets": "a data set",
    "spaces": "a Space, which is an app",
    "kernels": "a collection of kernels",
    "buckets": "a bucket, which has no revisions to pin",
    "collections": "a list of repositories",
}


@attrs.frozen
class HubReference:
    """A folder of a model repository, at a revision.

    Attributes:
        repository: `owner/name`.
        revision: A branch, a tag, `refs/pr/N` or the id of a commit.
        folder: The preset's folder in the repository; empty for the repository itself.
        endpoint: The address of the hub.
        text: The reference as the user wrote it, for messages.
        has_token: Whether a token was given with it.
    """

    repository: str
    revision: str = MAIN
    folder: str = ""
    endpoint: str = PUBLIC
    text: str = attrs.field(default="", eq=False)
    has_token: bool = attrs.field(default=False, eq=False)

    @property
    def prefix(self) -> str:
        """The beginning of the names of the preset's files in the repository."""
        return f"{self.folder}/" if self.folder else ""

    @property
    def page(self) -> str:
        """The page of the repository."""
        return f"{self.endpoint}/{self.repository}"

    @property
    def is_pinned(self) -> bool:
        """True if the revision is a commit, which never changes."""
        return is_commit(self.revision)

    def __str__(self) -> str:
        """Return the one spelling of the reference, without the hub's address."""
        folder = f"/{self.folder}" if self.folder else ""
        return f"hf://{self.repository}@{quote(self.revision, safe='')}{folder}"


def is_commit(revision: str) -> bool:
    """Return whether a revision is the full id of a commit."""
    return _COMMIT.fullmatch(revision) is not None


def parse_hf(reference: Reference, revision: str | None = None) -> HubReference:
    """Parse a reference to the public hub; `revision` was given in addition to it.

    Raises:
        InputError: A revision was given twice, or the additional one is not a revision.
        StorageError: The reference is malformed, or names something else than a model.
    """
    text = reference.text
    parts = reference.path.removesuffix("/").split("/")
    if parts[0] in _OTHER_TYPES and len(parts) > 1:
        raise StorageError(f"{text!r} names {_OTHER_TYPES[parts[0]]}, and presets are in model repositories: {FORM}.")
    if parts[0] == "models":
        parts = parts[1:]
    if len(parts) < 2:
        raise StorageError(_incomplete(text, parts[0] if parts else ""))
    name, at, rest = "/".join(parts[1:]).partition("@") if "@" in parts[1] else (parts[1], "", "/".join(parts[2:]))
    written, folder = _split_revision(rest) if at else ("", rest)
    repository = _checked_repository(text, parts[0], name)
    if at and not written:
        raise StorageError(f"{text!r} has no revision after the '@'. Write a branch, a tag or a commit, or no '@'.")
    if written and revision is not None:
        raise InputError(
            f"{text!r} says revision {written!r}, and revision={revision!r} is given as well. Give it in one place."
        )
    chosen = written or revision
    if chosen is None:
        chosen = MAIN
    elif not chosen or _NO_REVISION.search(chosen):
        raise InputError(f"{chosen!r} (for {text!r}) is not a revision: give a branch, a tag, refs/pr/N or a commit.")
    return HubReference(repository, chosen, _checked_folder(text, folder), text=text)


def _split_revision(rest: str) -> tuple[str, str]:
    """Split what follows the `@` into revision and folder; a slash inside a revision is written `%2F`."""
    if slashed := _SLASHED.match(rest):
        return slashed[0], rest[slashed.end() :].removeprefix("/")
    revision, _, folder = rest.partition("/")
    return unquote(revision), folder


def _checked_repository(text: str, owner: str, name: str) -> str:
    for part, what in ((owner, "owner"), (name, "repository")):
        if not _NAME.fullmatch(part) or "--" in part or ".." in part or part.endswith(".git"):
            raise StorageError(f"{part!r} names no {what} on the hub (in {text!r}). Write {FORM}.")
    return f"{owner}/{name}"


def _checked_folder(text: str, folder: str) -> str:
    if not folder:
        return ""
    if "//" in folder or any(part in (".", "") for part in folder.split("/")):
        raise StorageError(f"{folder!r} (in {text!r}) is not a folder of a repository: it has an empty or '.' part.")
    try:
        return checked_name(folder)
    except StorageError as error:
        raise StorageError(f"{folder!r} (in {text!r}) leads out of the repository. Write {FORM}.") from error


def _incomplete(text: str, only: str) -> str:
    if not only:
        return f"{text!r} names no repository. Write {FORM}."
    return (
        f"{text!r} lacks the owner: repositories are named owner/name. https://huggingface.co/{quote(only)} leads to "
        "the full name where there is one; 'bert-base-uncased', for example, is hf://google-bert/bert-base-uncased."
    )


def chosen_endpoint(storage_options: Mapping[str, Any] | None) -> str:
    """Return the address of the hub: the option `endpoint`, else `HF_ENDPOINT`, else the public hub.

    Raises:
        InputError: There is another option, or a token must not be sent to the address.
    """
    options = storage_options or {}
    for name in options:
        if name != "endpoint":
            near = did_you_mean(str(name), ["endpoint"])
            raise InputError(f"hf:// takes no storage option {name!r}, only 'endpoint'.{near}")
    if "endpoint" in options:
        return _checked(options["endpoint"], "storage_options['endpoint']")
    return _checked(os.environ.get(VARIABLE) or PUBLIC, VARIABLE)


def _checked(address: object, where: str) -> str:
    if not isinstance(address, str):
        raise InputError(f"{where} must be the address of a hub, such as {PUBLIC!r}, not {address!r}.")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InputError(f"{where} must be the address of a hub, such as {PUBLIC!r}; it has another form.")
    if parts.username is not None:
        raise InputError(f"{where} has a user name in it. Leave it out, and pass the token as token=.")
    if parts.scheme == "http" and not is_this_machine(parts.hostname):
        raise InputError(
            f"{where} is {address!r}, and http:// shows the token, and the model, to everybody on the way. Use "
            "https://; http:// is for hubs on this machine."
        )
    return address.rstrip("/")
