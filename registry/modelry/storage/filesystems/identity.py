"""The one spelling of a reference to a file system, by which the cache knows it: the same for the same files alone."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from modelry.storage.cache.layout import key_of
from modelry.storage.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.storage.filesystems.links import Link

# Two buckets of one name are different ones behind different endpoints.
_OPTIONS = ("account_host", "account_name", "base_url", "endpoint_url", "host", "port", "region_name")
_VARIABLES = {
    "s3": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "FSSPEC_S3_ENDPOINT_URL"),
    "gs": ("STORAGE_EMULATOR_HOST",),
    "gcs": ("STORAGE_EMULATOR_HOST",),
    **dict.fromkeys(("az", "abfs", "abfss"), ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING")),
}
_PLACE_IN_CONNECTION = re.compile(r"(AccountName|BlobEndpoint|EndpointSuffix)=([^;]+)", re.IGNORECASE)
# What signs a request says who asks and until when, and not for what. A name that may mean something else as well is
# taken for what it says: a file that is fetched twice is no harm, and one that is taken for another is.
_SIGNS = re.compile(
    r"x-(amz|goog|ms|oss|cos)-.*|(\w+[-_])?(token|secret|password|signature|credentials?)|sig"
    r"|(api|access)[-_]?key([-_]?id)?|auth|authorization|key-pair-id|googleaccessid|awsaccesskeyid|ossaccesskeyid",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"sig|signature", re.IGNORECASE)
_BESIDE_SIGNATURE = re.compile(
    r"expires|policy|s[eiprstv]|srt|sip|spr|ses|sdd|sk(oid|tid|t|e|s|v)|saoid|suoid|scid", re.IGNORECASE
)


def uri_of(links: tuple[Link, ...], options: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the spelling of a reference. It holds no secrets, and no two places have the same.

    Args:
        links: The parts of the reference.
        options: Protocol → the options of its client.
    """
    text = "::".join(redact(f"{link.protocol}://{link.path.rstrip('/')}") for link in links)
    more = sorted(_more(links[-1], options.get(links[-1].protocol, {})))
    return f"{text}#{key_of(more)[:16]}" if more else text


def _more(place: Link, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what else decides where something lies; of this, only a hash is kept."""
    query = parse_qsl(place.query, keep_blank_values=True)
    is_signed = any(_SIGNATURE.fullmatch(name) for name, _ in query)
    for name, value in query:
        if not (_SIGNS.fullmatch(name) or (is_signed and _BESIDE_SIGNATURE.fullmatch(name))):
            yield name, value
    inner = options.get("client_kwargs")
    for name, value in [*options.items(), *(inner.items() if isinstance(inner, dict) else ())]:
        if name in _OPTIONS and value is not None:
            yield name, str(value)
    connections = [options.get("connection_string")]
    for name in _VARIABLES.get(place.protocol, ()):
        said = os.environ.get(name)
        if said and name.endswith("CONNECTION_STRING"):
            connections.append(said)
        elif said:
            yield name, said
    for connection in filter(None, connections):
        yield from _PLACE_IN_CONNECTION.findall(str(connection))
