"""Where a server may send its clients on to: not into this machine or network, and not without encryption."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

import attrs

from modelry.errors import UnsafePresetError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_REACHES = {"public": 0, "private": 1, "loopback": 2, "link-local": 3}
"""From what everybody reaches to what only this machine does, and to what holds its credentials in clouds."""


@attrs.frozen
class Place:
    """Where a request goes to, as the client that sends it understands its URL.

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
            "on the way could read and change what comes. Tell whoever runs it, or open the preset where it lies."
        )
    if target.origin == asked.origin:
        return
    most = max(_reaches(target), key=lambda reach: _REACHES[reach])
    # Whoever owns a name can give it a private address beside a public one.
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
