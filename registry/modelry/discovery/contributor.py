"""A distribution that has to do with modelry, as its metadata describes it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import attrs

from modelry.discovery.scan import header_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelry.discovery.distributions import Distribution
    from modelry.discovery.findings import Finding


@attrs.frozen
class Contributor:
    """An installed distribution.

    Attributes:
        name: Its name in PEP 503 spelling.
        version: Its version, empty where it states none.
        place: The folder in which it is installed.
        source: Where its code lies, if it is an editable install.
        summary: What it says about itself, in one line.
        findings: What is wrong with it, but with none of its components.
    """

    name: str
    version: str
    place: str
    source: str | None
    summary: str
    findings: tuple[Finding, ...] = ()


def contributor(distribution: Distribution, findings: Iterable[Finding]) -> Contributor:
    """Read what the metadata of a distribution say about it."""
    return Contributor(
        distribution.name,
        header_of(distribution, "version"),
        place_of(distribution),
        _source(distribution),
        header_of(distribution, "summary"),
        tuple(findings),
    )


def place_of(distribution: Distribution) -> str:
    """Return the folder in which a distribution is installed."""
    return os.path.dirname(distribution.folder) or "."


def _source(distribution: Distribution) -> str | None:
    """Return the folder of an editable install, PEP 660."""
    try:
        origin = json.loads(distribution.read("direct_url.json") or "{}")
        if not origin["dir_info"]["editable"]:
            return None
        return url2pathname(urlsplit(origin["url"]).path)
    except (KeyError, TypeError, ValueError, AttributeError):  # installed otherwise, or described by no installer
        return None
