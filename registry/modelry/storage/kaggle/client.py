"""Kaggle's own client: credentials as kagglehub finds them, and calls that end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from modelry.errors import StorageError, did_you_mean
from modelry.storage.time_limit import TookTooLong, within

if TYPE_CHECKING:
    from collections.abc import Callable

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


def about(request: Any, reference: KaggleReference) -> Any:
    """Fill in which variation, and which version of it, a request of the client is about.

    Raises:
        StorageError: Kaggle knows no such framework.
    """
    request.owner_slug, request.model_slug, framework, request.instance_slug = reference.model.split("/")
    request.framework = _framework(framework, reference)
    if reference.version is not None:
        request.version_number = reference.version
    return request


def answer(call: Callable[[], T]) -> T:
    """Return what a call of the client returns, which itself would wait for an answer for ever.

    Raises:
        TimeoutError: There is none in time.
        Exception: Whatever the call raises.
    """
    try:
        return within(call, WAIT)
    except TookTooLong:
        raise TimeoutError(f"Kaggle has not answered for {WAIT:g} seconds") from None


def limit_silence(response: Any) -> None:
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
