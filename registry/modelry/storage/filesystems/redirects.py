"""Where a web server may send its clients on to: not into this machine or network, where it cannot go itself."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from modelry.errors import UnsafePresetError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

_REACHES = {"public": 0, "private": 1, "loopback": 2, "link-local": 3}
"""From what everybody reaches to what only this machine does, and to what holds its credentials in clouds."""


def guarded_redirects(asked: str) -> aiohttp.TraceConfig:
    """Return what keeps a client from following redirects to addresses that the server's own kind does not reach.

    A public server may send it to public ones only, one of a private network to this or to public ones; whatever is on
    this machine or is link-local must be asked for by its own host and port.

    Args:
        asked: The URL that was asked for.
    """
    origin = _origin(asked)

    async def check(_session: Any, _context: Any, redirect: aiohttp.TraceRequestRedirectParams) -> None:
        target = _origin(urljoin(str(redirect.url), redirect.response.headers.get("Location", "")))
        if target == origin:
            return
        reach = await _reach(*target)
        if reach == "public" or (reach == "private" and await _reach(*origin) in ("private", "loopback")):
            return
        raise UnsafePresetError(
            f"The server {origin[0]!r} sends on to {target[0]!r}, a {reach} address, which is not followed: a "
            "stranger's server could read from this machine or network so. If that is where the preset lies, open it "
            "there."
        )

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(check)
    return trace


def _origin(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


async def _reach(host: str, port: int) -> str:
    """Return the most private of a host's addresses."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:  # perhaps a proxy knows the name; this machine cannot go there
        return "public"
    reaches = [_reach_of(ipaddress.ip_address(str(address[0]).partition("%")[0])) for *_, address in found]
    return max(reaches, key=lambda reach: _REACHES[reach])


def _reach_of(address: IPv4Address | IPv6Address) -> str:
    inner = getattr(address, "ipv4_mapped", None) or address
    if inner.is_link_local:
        return "link-local"
    if inner.is_loopback or inner.is_unspecified:
        return "loopback"
    return "public" if inner.is_global else "private"
