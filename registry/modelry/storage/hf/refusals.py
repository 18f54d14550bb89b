"""What the hub refuses, said so that the reader knows what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from modelry.errors import ModelryError, PresetNotFound, StorageError
from modelry.storage.hf.endpoint import PUBLIC
from modelry.storage.retries import may_pass, status_of

if TYPE_CHECKING:
    from modelry.storage.hf.reference import HubReference

LOG_IN = "run `hf auth login`, set HF_TOKEN, or pass token="


@attrs.frozen
class Asked:
    """What was asked of which hub.

    Attributes:
        text: What the user wrote.
        hub: The same, parsed.
        endpoint: The address of the hub.
        has_token: Whether a token was given for this call.
    """

    text: str
    hub: HubReference
    endpoint: str = PUBLIC
    has_token: bool = False

    @property
    def page(self) -> str:
        """The page of the repository."""
        return f"{self.endpoint}/{self.hub.repository}"


def refusal(error: Exception, asked: Asked) -> ModelryError | None:
    """Return the error to raise for one of the client's; `None` where the hub has not refused, only failed."""
    from huggingface_hub import errors

    hub, shown = asked.hub, repr(asked.text)
    if isinstance(error, errors.GatedRepoError):
        return StorageError(
            f"{shown} is gated: who uses it must accept its terms first. Open {asked.page}, log in, and accept them. "
            f"Then let modelry show who you are: {LOG_IN}. A fine-grained token must allow to read gated repositories."
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        private = f"its owner must have let you in, and your token must allow to read it: {LOG_IN}"
        return PresetNotFound(
            f"{asked.endpoint} shows no model repository {hub.repository!r} (from {shown}). Check the spelling. "
            f"If it is private, {private}."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return PresetNotFound(
            f"{hub.repository!r} has no branch, tag or commit {hub.revision!r} (from {shown}). "
            f"{asked.page}/tree/main lists those that there are."
        )
    if isinstance(error, errors.EntryNotFoundError):
        return PresetNotFound(f"The hub has a file of {shown} no more, though it lists it. Load it again.")
    if isinstance(error, errors.DisabledRepoError):
        return StorageError(f"{shown} was disabled by its owner or by the hub. {asked.page} may say why.")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return StorageError(
            f"{shown} would have to be fetched, and HF_HUB_OFFLINE keeps its client off the network. Unset it."
        )
    return _refusal_by_status(error, asked)


def _refusal_by_status(error: Exception, asked: Asked) -> ModelryError | None:
    status = status_of(error)
    if status == 401:
        whose = "The token that was given as token=" if asked.has_token else "Your token (of HF_TOKEN, or of a login)"
        return StorageError(
            f"{whose} is not valid: {asked.endpoint} refuses it, so {asked.text!r} cannot be read. It may be misspelt, "
            f"expired or revoked. {asked.endpoint}/settings/tokens makes a new one; then {LOG_IN}."
        )
    if status == 403:
        return StorageError(
            f"{asked.endpoint} does not let you read {asked.text!r}. See {asked.page}, and check at "
            f"{asked.endpoint}/settings/tokens that your token may read it."
        )
    return None


def is_passing(error: Exception) -> bool:
    """Return whether an error of the client may be gone the next time."""
    from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled  # type: ignore[attr-defined] # httpx's own

    return may_pass(error, (HTTPError, OSError)) and not isinstance(error, OfflineModeIsEnabled)
