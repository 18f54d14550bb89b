"""What Kaggle refuses, said so that the reader knows what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.errors import ModelryError, PresetNotFound, StorageError
from modelry.storage.retries import may_pass, status_of

if TYPE_CHECKING:
    from modelry.storage.kaggle.reference import KaggleReference


class Denied(Exception):
    """What Kaggle says in a reply that is otherwise one of success.

    Args:
        message: What it says.
        status: The status that it means; `None` if it does not tell.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


LOG_IN = "set KAGGLE_API_TOKEN, run kagglehub.login(), or pass token="
SETTINGS = "https://www.kaggle.com/settings"


def refusal(error: Exception, text: str, reference: KaggleReference) -> ModelryError | None:
    """Return the error to raise for one of the client's; `None` where Kaggle has not refused, only failed.

    Args:
        error: What the client raised.
        text: What the user wrote.
        reference: The same, parsed.
    """
    status = status_of(error)
    if status == 401:
        return StorageError(
            f"Kaggle does not accept your token for {text!r}: it is missing, misspelt, expired or revoked. "
            f"{SETTINGS} makes a new one; then {LOG_IN}."
        )
    if status == 403:
        return StorageError(
            f"Kaggle does not let you read {text!r}. Either its licence asks for your consent: open {reference.page}, "
            f"log in, and accept it. Or it is private, and its owner must let you in. Then let modelry show who you "
            f"are: {LOG_IN}."
        )
    if status == 404:
        version = "" if reference.version is None else f" in version {reference.version}"
        return PresetNotFound(
            f"Kaggle has no model {reference.model!r}{version} (from {text!r}). Check the spelling; {reference.page} "
            f"is the page it would have. If it is private: {LOG_IN}."
        )
    return None


def publishing_refusal(error: Exception, text: str, reference: KaggleReference) -> ModelryError | None:
    """Return the same for publishing, of which Kaggle has more to refuse."""
    status = status_of(error)
    if status in (403, 404):
        return StorageError(
            f"Kaggle does not let you publish to {text!r}: your token may not write to the models of "
            f"{reference.owner!r}, or is missing. {SETTINGS} makes one; then {LOG_IN}."
        )
    if isinstance(error, Denied):
        return StorageError(f"Kaggle refuses what was to be published to {text!r}: {error}. {reference.page} may help.")
    return refusal(error, text, reference)


def is_passing(error: Exception) -> bool:
    """Return whether an error of the client may be gone the next time; without a reply, all of them are OSErrors."""
    return may_pass(error, OSError)
