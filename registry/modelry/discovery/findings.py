"""What can be the matter with something installed: a status, what is wrong, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

BROKEN, INCOMPATIBLE, CHANGED, AMBIGUOUS = "broken", "incompatible", "changed", "ambiguous"
SHADOWED, BLOCKED, NOTE, OK = "shadowed", "blocked", "note", "ok"

STATUSES = (BROKEN, INCOMPATIBLE, CHANGED, AMBIGUOUS, SHADOWED, BLOCKED, OK)
"""What a component can be, the worst first."""

FAILURES = frozenset({BROKEN, INCOMPATIBLE, CHANGED, AMBIGUOUS})
"""With one of these, something that users may ask for does not work, or is not what was locked."""


@attrs.frozen
class Finding:
    """One thing that somebody should know.

    Attributes:
        status: One of `STATUSES`; or `note`, which leaves the status of what it is about as it is.
        problem: What is wrong, without a full stop.
        advice: What to do next, a sentence.
    """

    status: str
    problem: str
    advice: str


def worst(findings: Iterable[Finding]) -> str:
    """Return the status of something that all these were found of."""
    found = {finding.status for finding in findings}
    return next((status for status in STATUSES if status in found), OK)
