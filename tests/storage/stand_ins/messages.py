"""What the stand-in servers read and write: requests and replies, as values."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

JSON = "application/json"
BYTES = "application/octet-stream"


@attrs.frozen
class Request:
    """A request as it arrived.

    Attributes:
        method: `GET`, `HEAD`, `POST` or `PUT`.
        path: The path, still quoted, without the query.
        query: Name → first value.
        headers: Name in lower case → value.
        body: The bytes that were sent.
    """

    method: str
    path: str
    query: dict[str, str] = attrs.field(factory=dict)
    headers: dict[str, str] = attrs.field(factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return cls(method, parts.path, query, {name.lower(): value for name, value in headers.items()}, body)

    @property
    def token(self) -> str | None:
        """The bearer token, if one was sent."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else None

    def match(self, pattern: str) -> tuple[str, ...] | None:
        """Return the unquoted groups of `pattern` if the whole path matches it."""
        found = re.fullmatch(pattern, self.path)
        return tuple(unquote(group or "") for group in found.groups()) if found else None


@attrs.frozen
class Reply:
    """A reply before anything goes wrong with it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = attrs.field(factory=dict)
    kind: str = JSON


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    """Return a reply with a JSON value; underscores in header names become hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), named)


def bytes_reply(content: bytes, request: Request, headers: dict[str, str]) -> Reply:
    """Return the bytes of a file, or of the range that was asked for."""
    headers = {"Accept-Ranges": "bytes", **headers}
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if asked is None:
        return Reply(200, content, headers, BYTES)
    start, stop = int(asked[1]), int(asked[2] or len(content) - 1) + 1
    if start >= len(content):
        return Reply(416, b"", {**headers, "Content-Range": f"bytes */{len(content)}"}, BYTES)
    part = content[start:stop]
    headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(content)}"
    return Reply(206, part, headers, BYTES)
