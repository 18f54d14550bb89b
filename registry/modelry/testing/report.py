"""A conformance report as values. Imports no Keras."""

from __future__ import annotations

import importlib.metadata
import platform
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from modelry._backend import BACKENDS, backend

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUSES = ("passed", "failed", "known exception", "skipped")


@attrs.frozen
class Claim:
    """What became of one claim.

    Attributes:
        name: The test's name.
        claim: What it claims, a sentence.
        status: One of `STATUSES`.
        detail: The message of a failure, or the reason of a known exception or a skip.
    """

    name: str
    claim: str
    status: str
    detail: str | None


@attrs.frozen
class Component:
    """What was tested.

    Attributes:
        kind: The kind of component.
        suite: The test class, as pytest calls it.
        facts: `class`, `name`, `distribution` and `version`, as far as they are known.
        measured: `load_seconds`, `peak_megabytes` and `parameters`, as far as they were measured.
    """

    kind: str
    suite: str
    facts: Mapping[str, Any]
    measured: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The class, and where it comes from."""
        owner = self.facts.get("distribution")
        where = f"{owner} {self.facts['version']}" if owner else "not registered"
        return f"{self.facts.get('class', self.suite)} ({self.kind}, {where})"


@attrs.frozen
class Report:
    """All that was found.

    Attributes:
        environment: What it was run on.
        suites: Each component with its claims.
    """

    environment: Mapping[str, str]
    suites: tuple[tuple[Component, tuple[Claim, ...]], ...]

    def counts(self) -> dict[str, int]:
        """Return how many claims have each status."""
        counted = Counter(claim.status for _, claims in self.suites for claim in claims)
        return {status: counted[status] for status in STATUSES}

    def summary(self) -> str:
        """Return a sentence with the counts."""
        counts = ", ".join(f"{count} {status}" for status, count in self.counts().items() if count)
        return f"{len(self.suites)} components: {counts}."

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "format_version": 1,
            "environment": dict(self.environment),
            "summary": self.counts(),
            "components": [
                {
                    "kind": component.kind,
                    "suite": component.suite,
                    **component.facts,
                    "measured": dict(component.measured),
                    "claims": [attrs.asdict(claim) for claim in claims],
                }
                for component, claims in self.suites
            ],
        }


def environment() -> dict[str, str]:
    """Return the versions that results depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform(), "backend": backend()}
    for name in ("modelry", "keras", "numpy", *BACKENDS):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
