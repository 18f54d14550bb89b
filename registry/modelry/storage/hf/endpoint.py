"""Which Hugging Face hub is asked: the public one, or a mirror that the user names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from modelry.errors import InputError, did_you_mean
from modelry.storage.loopback import is_this_machine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PUBLIC: Final = "https://huggingface.co"

VARIABLE: Final = "HF_ENDPOINT"


def chosen_endpoint(storage_options: Mapping[str, Any] | None) -> str:
    """Return the address of the hub: the option `endpoint`, else `HF_ENDPOINT`, else the public hub.

    Raises:
        InputError: There is another option, or the address is none that a token may be sent to.
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
