"""Why a test module cannot import a class from a plugin's package, which Python does not say. Imports no Keras."""

from __future__ import annotations

import re

from modelry.discovery.names import KINDS
from modelry.discovery.registry import registry
from modelry.errors import did_you_mean

_IMPORT = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<package>[\w.]+)'")


def missing_export(error: str) -> str | None:
    """Return what to say of an ImportError of a name that a package with `lazy_exports` should have.

    Args:
        error: The text of the error.

    Returns:
        `None` where it is no such error, or no entry point leads into the package.
    """
    found = _IMPORT.search(error)
    owners = {} if found is None else _owners(found["package"])
    if found is None or not owners:
        return None
    declared = [entry for entry in registry.entries() if entry.distribution in owners]
    names = [entry.attribute for entry in declared if entry.kind in KINDS and entry.problem is None]
    wrong = [f"\n  {entry.owner} declares {entry.target}, but {entry.problem}." for entry in declared if entry.problem]
    who = " and ".join(owners.values())
    return (
        f"{found['package']} has no {found['name']!r}, for no entry point of {who} registers it."
        f"{did_you_mean(found['name'], names)} They register {', '.join(names)}.{''.join(wrong)}\n"
        "  Rule: a package with lazy_exports has the classes that its distribution's entry points register.\n"
        '  To do: mend [project.entry-points."modelry.…"] in pyproject.toml, then run: pip install -e .'
    )


def _owners(package: str) -> dict[str, str]:
    """Return the distributions whose entry points lead into a package, each with its version."""
    entries = [entry for entry in registry.entries() if entry.target.startswith((f"{package}.", f"{package}:"))]
    return {entry.distribution: entry.owner for entry in entries}
