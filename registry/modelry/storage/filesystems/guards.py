"""Guarded HTTP clients: a server may send them on to public hosts only, and never into this machine or network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from modelry.errors import InputError, UnsafePresetError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from ipaddress import IPv4Address, IPv6Address


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
    """Check that the options of a protocol's client leave its guard where it is.

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
    """Return the caller's options for fsspec's client for HTTP, with a guard added that sees each request first.

    Requests go to `url`, and are followed from there to what `check_redirect` allows.
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
    """Do the same for webdav4's client, whose options go to httpx."""
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


_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_REACHES = {"public": 0, "private": 1, "loopback": 2, "link-local": 3}
"""Ordered from addresses that everybody reaches to those of this machine, and of its credentials in clouds."""


@attrs.frozen
class Place:
    """The target of a request, as its client understands the URL.

    Attributes:
        scheme: `"http"` or `"https"`.
        host: A name or an address, without brackets.
        port: The port; `None` for the usual one.
    """

    scheme: str
    host: str
    port: int | None = None

    @property
    def origin(self) -> tuple[str, int]:
        """The host and the port."""
        return self.host, self.port or (443 if self.scheme == "https" else 80)


def check_redirect(asked: Place, target: Place) -> None:
    """Check that the server that was asked may send its clients on to another place.

    A public server may send them to public ones only, one of a private network to this or to public ones; whatever is
    on this machine or is link-local must be asked for by its own host and port. What was asked for by `https` stays
    with it. Names are looked up, which takes a while.

    Raises:
        UnsafePresetError: It may not.
    """
    if asked.scheme == "https" and target.scheme != "https":
        raise UnsafePresetError(
            f"The server {asked.host!r} sends on to {target.host!r} without encryption, which is not followed: anybody "
            "on the way could read and change what comes. Tell its operator, or open the preset at its final address."
        )
    if target.origin == asked.origin:
        return
    most = max(_reaches(target), key=lambda reach: _REACHES[reach])
    # The owner of a name can give it a private address in addition to a public one.
    if most == "public" or (most == "private" and _reaches(asked) <= {"private", "loopback"}):
        return
    raise UnsafePresetError(
        f"The server {asked.host!r} sends on to {target.host!r}, a {most} address, which is not followed: a "
        "stranger's server could read from this machine or network so. If that is where the preset lies, open it "
        "there."
    )


def _reaches(place: Place) -> set[str]:
    """Return who reaches the addresses of a place."""
    try:
        found = socket.getaddrinfo(*place.origin, type=socket.SOCK_STREAM)
    except OSError:  # perhaps a proxy knows the name; this machine cannot go there
        return {"public"}
    return {_reach_of(ipaddress.ip_address(str(address[0]).partition("%")[0])) for *_, address in found}


def _reach_of(address: IPv4Address | IPv6Address) -> str:
    inner = _ipv4_in(address) or address
    if inner.is_link_local:
        return "link-local"
    if inner.is_loopback or inner.is_unspecified:
        return "loopback"
    return "public" if inner.is_global else "private"


def _ipv4_in(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address is another spelling of, or is led on to by a gateway."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def is_this_machine(host: str) -> bool:
    """Return whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
