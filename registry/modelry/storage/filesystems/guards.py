"""Clients for HTTP that go where they were told to, or may be sent on to, whatever else the caller wants."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from modelry.errors import InputError
from modelry.storage.filesystems.redirects import Place, check_redirect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TIMEOUTS: Final[dict[str, Any]] = {"total": None, "sock_connect": 30, "sock_read": 60}
"""Of aiohttp: there is none for all of an answer, since modelry has a deadline for that."""

_AIOHTTP = "Pass arguments of aiohttp.ClientSession instead, in a dict: client_kwargs={…}."
_HTTPX = "Pass arguments of httpx.Client instead, as they are, such as headers=, verify= or event_hooks=."
_UNGUARDED = {
    **dict.fromkeys(("http", "https"), (("client", "get_client", "http_client", "middlewares"), _AIOHTTP)),
    **dict.fromkeys(("webdav", "webdavs"), (("client", "get_client", "http_client"), _HTTPX)),
}
"""Protocol → options that would take the place of what is guarded, and what to pass instead."""


def check_guarded(protocol: str, options: Mapping[str, Any], reference: str) -> None:
    """Check that the options of a client leave its guard where it is.

    Args:
        protocol: The protocol that the client is for.
        options: Its options, as the caller gives them.
        reference: What messages call the preset.

    Raises:
        InputError: One would replace what is guarded, or is not of the form to add a guard to.
    """
    replacing, instead = _UNGUARDED.get(protocol, ((), ""))
    for name in replacing:
        if options.get(name) is not None:
            raise InputError(
                f"storage_options= of {reference!r} has {name!r}, which would take the place of the client that does "
                f"not let a server send it into this machine or network. {instead}"
            )
    for name in ("client_kwargs", "event_hooks"):
        if replacing and not isinstance(options.get(name) or {}, Mapping):
            raise InputError(
                f"{name!r} in storage_options= of {reference!r} must be a dict, not a {type(options[name]).__name__}."
            )


def guard_aiohttp(url: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of fsspec's client for HTTP, with a guard that sees each request before it is sent.

    Args:
        url: Where requests go to; they are followed from there to what `check_redirect` allows.
        options: The caller's own options; what they say about sessions is kept.
    """
    import aiohttp
    import yarl

    asked = yarl.URL(url, encoded=True)

    async def guard(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        if request.url.origin() != asked.origin():
            await asyncio.to_thread(check_redirect, _place_of(asked), _place_of(request.url))
        return await handler(request)

    own = dict(options.get("client_kwargs") or {})
    # The last is next to the network: what others make of a request passes it as well.
    own["middlewares"] = (*(own.get("middlewares") or ()), guard)
    return {**options, "client_kwargs": {"timeout": aiohttp.ClientTimeout(**TIMEOUTS), **own}}


def guard_httpx(url: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of webdav4's client, which go to httpx; the arguments are those of `guard_aiohttp`."""
    import httpx

    asked = httpx.URL(url)

    def guard(request: httpx.Request) -> None:
        if (request.url.scheme, request.url.netloc) != (asked.scheme, asked.netloc):
            check_redirect(_place_of(asked), _place_of(request.url))

    hooks = dict(options.get("event_hooks") or {})
    hooks["request"] = [*(hooks.get("request") or ()), guard]
    return {**options, "event_hooks": hooks}


def _place_of(url: Any) -> Place:
    """Return the place of a URL of yarl or httpx, whose own reading of it is what counts."""
    host = url.raw_host
    return Place(url.scheme, host.decode("ascii") if isinstance(host, bytes) else host or "", url.port)
