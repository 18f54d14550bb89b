"""What can go wrong on the way: faults that a test switches on for some requests of a stand-in server."""

from __future__ import annotations

import enum
import gzip
import re
import socket
import struct
import threading
from typing import TYPE_CHECKING

import attrs

from .messages import Reply

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from .messages import Request


class Kind(enum.Enum):
    """What goes wrong."""

    UNAVAILABLE = "503"
    TOO_MANY = "429, with Retry-After"
    RESET = "the connection is reset before the reply"
    RESET_MIDWAY = "the connection is reset amid the body"
    CLOSE_MIDWAY = "the connection is closed amid the body"
    SHORT = "the reply claims to be complete, and lacks its second half"
    FLIP = "one bit is another"
    WHOLE = "the range that was asked for is ignored"
    GZIP = "the body is compressed, which nobody asked for"
    HANG = "nothing arrives after half of the body"
    TRICKLE = "the body arrives byte by byte, and slowly"


PASSING = tuple(kind for kind in Kind if kind is not Kind.TRICKLE)
"""What goes wrong in a way that a client notices, and can try again."""


@attrs.define
class Fault:
    """A fault of the next requests whose path contains a pattern.

    Attributes:
        kind: What goes wrong.
        where: A regular expression, searched for in the path.
        times: How many requests are struck.
        methods: The methods that are struck.
        released: Set by a test that is done with a hanging connection.
    """

    kind: Kind
    where: str
    times: int = 1
    methods: tuple[str, ...] = ("GET", "POST")
    released: threading.Event = attrs.field(factory=threading.Event)

    def strikes(self, request: Request) -> bool:
        """Return whether the fault strikes a request, and count it."""
        if self.times > 0 and request.method in self.methods and re.search(self.where, request.path):
            self.times -= 1
            return True
        return False


def altered(kind: Kind, reply: Reply) -> Reply:
    """Return the reply that is sent, where the fault is in the reply itself."""
    middle = len(reply.body) // 2
    if kind is Kind.UNAVAILABLE:
        return Reply(503, b"busy", kind="text/plain")
    if kind is Kind.TOO_MANY:
        return Reply(429, b"slow down", {"Retry-After": "0"}, kind="text/plain")
    if kind is Kind.SHORT:
        return attrs.evolve(reply, body=reply.body[:middle])
    if kind is Kind.FLIP:
        flipped = bytes([reply.body[middle] ^ 1])
        return attrs.evolve(reply, body=reply.body[:middle] + flipped + reply.body[middle + 1 :])
    if kind is Kind.GZIP:
        return attrs.evolve(
            reply, body=gzip.compress(reply.body), headers={**reply.headers, "Content-Encoding": "gzip"}
        )
    return reply


def reset(handler: BaseHTTPRequestHandler) -> None:
    """End a connection with RST instead of FIN."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
