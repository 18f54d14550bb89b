"""Kaggle's own client: credentials as kagglehub finds them, calls that end, checked bytes, and errors."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modelry.errors import DeadlineExceeded, ModelryError, PresetNotFound, StorageError, did_you_mean
from modelry.storage.client_errors import is_retryable, status_of
from modelry.storage.retries import call_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from modelry.storage.kaggle.reference import KaggleReference


T = TypeVar("T")

WAIT: Final = 30.0
"""Seconds to wait for an answer, or for the next bytes of a file."""


def models_client(token: str | None) -> Any:
    """Return a client, a context manager, that shows `token`, or else what kagglehub finds on this machine.

    Raises:
        StorageError: The credentials on this machine cannot be read.
    """
    from kagglehub.config import get_kaggle_credentials
    from kagglesdk.kaggle_client import KaggleClient

    from modelry._version import version

    agent = f"modelry/{version}"
    if token is not None:
        return KaggleClient(api_token=token, user_agent=agent)
    try:
        found = get_kaggle_credentials()
    except (ValueError, OSError) as error:
        raise StorageError(f"The credentials for Kaggle on this machine cannot be read: {error}.") from error
    if found is None:
        return KaggleClient(user_agent=agent)
    return KaggleClient(username=found.username, password=found.key, api_token=found.api_key, user_agent=agent)


def fill_request(request: Any, reference: KaggleReference) -> Any:
    """Fill a variation and its version into a request of the client.

    Raises:
        StorageError: Kaggle knows no such framework.
    """
    request.owner_slug, request.model_slug, framework, request.instance_slug = reference.model.split("/")
    request.framework = _framework(framework, reference)
    if reference.version is not None:
        request.version_number = reference.version
    return request


def call_in_time(call: Callable[[], T]) -> T:
    """Return the result of a call of the client, which itself sets no time-out.

    Raises:
        TimeoutError: There is none in time.
        Exception: Whatever the call raises.
    """
    try:
        return call_within(call, WAIT)
    except DeadlineExceeded:
        raise TimeoutError(f"Kaggle has not answered for {WAIT:g} seconds") from None


def set_read_timeout(response: Any) -> None:
    """Let reading end if nothing comes any more; the client sets no limit."""
    connection = response.raw.connection
    if connection is not None and connection.sock is not None:
        connection.sock.settimeout(WAIT)


def _framework(name: str, reference: KaggleReference) -> Any:
    from kagglesdk.models.types.model_enums import ModelFramework

    prefix = "MODEL_FRAMEWORK_"
    known = {one.name.removeprefix(prefix).replace("_", "").lower(): one for one in ModelFramework if one.value}
    found = known.get(name.replace("_", "").lower())
    if found is None:
        raise StorageError(
            f"Kaggle knows no framework {name!r} (in {str(reference)!r}).{did_you_mean(name.lower(), known)} "
            "Presets for Keras are under 'keras'."
        )
    return found


_MD5 = re.compile(r"(?:^|[,\s])md5=([A-Za-z0-9+/]{22}==)(?:$|[,\s])")


class TransferCorrupted(OSError):
    """A file was damaged in transfer."""


def checked(chunks: Iterator[Any], headers: Mapping[str, str], name: str) -> Iterator[bytes]:
    """Yield the chunks of a file, the last one only if all are what the headers say; so no wrong file is ever whole.

    Raises:
        StorageError: The headers say nothing: the listing has no digests, so nothing else could show a wrong bit.
        TransferCorrupted: They are not.
    """
    expected = md5_of(headers)
    if expected is None:
        raise StorageError(
            f"Kaggle sent {name!r} without its MD5 sum, so it cannot be checked. Does a proxy on the way take "
            "the header 'x-goog-hash' off?"
        )
    return _checked(chunks, expected, name)


def md5_of(headers: Mapping[str, str]) -> bytes | None:
    """Return the MD5 sum that the headers of a reply tell; `None` if they tell none."""
    found = _MD5.search(headers.get("x-goog-hash", ""))
    return None if found is None else base64.b64decode(found[1])


def _checked(chunks: Iterator[Any], expected: bytes, name: str) -> Iterator[bytes]:
    digest, held = hashlib.md5(usedforsecurity=False), b""
    for chunk in chunks:
        if held:
            yield held
        digest.update(chunk)
        held = chunk
    if digest.digest() != expected:
        raise TransferCorrupted(f"{name!r} was damaged on its way from Kaggle: its MD5 sum is another")
    if held:
        yield held


class Denied(Exception):
    """An error that Kaggle reports in a successful reply, with the status that it means, if it says so."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


LOG_IN = "set KAGGLE_API_TOKEN, run kagglehub.login(), or pass token="
SETTINGS = "https://www.kaggle.com/settings"


def explain_refusal(error: Exception, reference: KaggleReference) -> ModelryError | None:
    """Return the error for a refusal of Kaggle; `None` if it has not refused, only failed."""
    status, text = status_of(error), reference.text
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


def explain_publishing_refusal(error: Exception, reference: KaggleReference) -> ModelryError | None:
    """Return the error for a refusal to publish."""
    status, text = status_of(error), reference.text
    if status in (403, 404):
        return StorageError(
            f"Kaggle does not let you publish to {text!r}: your token may not write to the models of "
            f"{reference.owner!r}, or is missing. {SETTINGS} makes one; then {LOG_IN}."
        )
    if isinstance(error, Denied):
        return StorageError(f"Kaggle refuses what was to be published to {text!r}: {error}. {reference.page} may help.")
    return explain_refusal(error, reference)


def is_retryable_error(error: Exception) -> bool:
    """Return whether another try may help after an error of the client; without a reply, all are OSErrors."""
    return is_retryable(error, OSError)
