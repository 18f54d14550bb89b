"""Whether a distribution was made for this modelry, as its own metadata says."""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from modelry._version import UNINSTALLED, version
from modelry.discovery.names import CORE, normalise


def needed_modelry(distribution: str) -> Requirement | None:
    """Return the requirement on modelry that an installed distribution declares; `None` if it declares none."""
    try:
        lines = metadata.requires(distribution) or ()
    except metadata.PackageNotFoundError:
        return None
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:  # no concern of ours, and pip has its own words for it
            continue
        # What only an extra of it asks for is not what it needs.
        if normalise(requirement.name) == CORE and (requirement.marker is None or requirement.marker.evaluate()):
            return requirement
    return None


def incompatibility(distribution: str) -> str | None:
    """Return what is wrong with using a distribution in this modelry, `"needs modelry>=2, and this is modelry 0.1.0"`.

    Returns:
        `None` where it accepts this modelry, or says nothing, and where this modelry is an uninstalled source tree.
    """
    if distribution == CORE or version == UNINSTALLED:
        return None
    needed = needed_modelry(distribution)
    if needed is None or needed.specifier.contains(version, prereleases=True):
        return None
    return f"needs {CORE}{needed.specifier}, and this is {CORE} {version}"
