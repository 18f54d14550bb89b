"""Which values in the query of a URI say what is meant, and which only who asks and until when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def lasting(query: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a query that say what is meant: all but credentials and what signs the request."""
    is_signed = any(_SIGNATURE.fullmatch(name) for name, _ in query)
    for name, value in query:
        if not (_SIGNS.fullmatch(name) or (is_signed and _BESIDE_SIGNATURE.fullmatch(name))):
            yield name, value
