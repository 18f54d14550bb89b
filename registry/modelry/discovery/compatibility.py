"""Whether a distribution was made for this modelry, as its own metadata says."""

from __future__ import annotations

import functools
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from modelry._version import UNINSTALLED, version
from modelry.discovery.names import CORE, normalise
from modelry.discovery.pip import pip_install, pip_upgrade


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


@functools.cache
def refusal(distribution: str, distribution_version: str) -> str | None:
    """Return `incompatibility` with the pip command that ends it; the answer is kept for each version of a plugin."""
    problem, needed = incompatibility(distribution), needed_modelry(distribution)
    if problem is None or needed is None:
        return None
    upgrade = pip_install(f"{CORE}{needed.specifier}") if _is_below(needed) else pip_upgrade(distribution)
    return f"{problem}. Run: {upgrade}"


def _is_below(needed: Requirement) -> bool:
    """Return whether this modelry is older than what is needed, and not newer."""
    wrong = [one for one in needed.specifier if not one.contains(version, prereleases=True)]
    return any(
        one.operator in (">=", ">", "~=", "==") and Version(one.version.removesuffix(".*")) >= Version(version)
        for one in wrong
    )


def next_breaking(installed: Version) -> str:
    """Return the first version that may break what works now: the next minor one before 1.0, else the next major."""
    return f"0.{installed.minor + 1}" if installed.major == 0 else str(installed.major + 1)
