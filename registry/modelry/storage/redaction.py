"""Redaction of secrets in URIs, and the query values that identify a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


HIDDEN = "***"

# A user name without a password is not a secret where it names an account or, on Azure, a container.
_NAMES_A_PLACE = {"sftp", "ssh", "abfs", "abfss", "az"}
# Values in queries that are not secrets: they name a version of a file.
_SHOWN = {"generation", "revision", "snapshot", "version", "versionid"}

# The scheme is searched only at the start of a word, or a long word would be searched from each of its characters.
_USER = re.compile(r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z0-9+.-]+)://(?P<user>[^/?#\s'\"]+)@")
# A password in which such a character is not quoted: nothing reads the URI, and the message that says so must not show
# it. What looks like the port of a host is none.
_UNQUOTED = re.compile(
    r"(?<![A-Za-z0-9+.-])(?P<scheme>https?|webdavs?|sftp|ssh)://"
    r"(?P<user>[^/?#\s'\":@]*:(?!:|\d+(?:[/?#]|$))(?:(?!::)\S){0,256})@",
    re.IGNORECASE,
)
_VALUE = re.compile(r"(?P<name>[?&][\w.~%-]+=)(?P<value>[^&#\s'\"]*?)(?=::|[&#\s'\"]|$)")


def redact(text: str) -> str:
    """Return `text` with passwords and the values of queries in all URIs in it replaced by `***`."""
    return _VALUE.sub(_without_value, _USER.sub(_without_user, _UNQUOTED.sub(_without_user, text)))


def hidden_values(text: str) -> list[tuple[str, str]]:
    """Return name and value of each value that `redact` takes out of the queries of the URIs in `text`."""
    shown = (found for found in _VALUE.finditer(text) if found["name"][1:-1].lower() not in _SHOWN)
    return [(found["name"][1:-1], found["value"]) for found in shown]


def _without_user(found: re.Match[str]) -> str:
    if found["scheme"].lower() in _NAMES_A_PLACE:
        name, colon, _ = found["user"].partition(":")
        return f"{found['scheme']}://{name}{colon and ':' + HIDDEN}@"
    return f"{found['scheme']}://{HIDDEN}@"


def _without_value(found: re.Match[str]) -> str:
    return found[0] if found["name"][1:-1].lower() in _SHOWN else found["name"] + HIDDEN


# What signs a request says who asks and until when, and not for what. A name that may mean something else as well is
# taken for what it says: fetching a file twice does no harm, but mistaking one for another does.
_SIGNS = re.compile(
    r"x-(amz|goog|ms|oss|cos)-.*|(\w+[-_])?(token|secret|password|signature|credentials?)|sig"
    r"|(api|access)[-_]?key([-_]?id)?|auth|authorization|key-pair-id|googleaccessid|awsaccesskeyid|ossaccesskeyid",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"sig|signature", re.IGNORECASE)
_BESIDE_SIGNATURE = re.compile(
    r"expires|policy|s[eiprstv]|srt|sip|spr|ses|sdd|sk(oid|tid|t|e|s|v)|saoid|suoid|scid", re.IGNORECASE
)


def identifying_values(query: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a query that say what is meant: all but credentials and what signs the request."""
    is_signed = any(_SIGNATURE.fullmatch(name) for name, _ in query)
    for name, value in query:
        if not (_SIGNS.fullmatch(name) or (is_signed and _BESIDE_SIGNATURE.fullmatch(name))):
            yield name, value
