"""The one spelling of a reference to a file system, by which the cache knows it: the same for the same files alone."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from modelry.storage.cache.layout import key_of
from modelry.storage.queries import lasting
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
    yield from lasting(parse_qsl(place.query, keep_blank_values=True))
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
