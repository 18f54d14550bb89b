"""Names of a new plugin that something here has already."""

from __future__ import annotations

from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

from modelry.discovery.hints import FIRST_PARTY
from modelry.discovery.names import noun
from modelry.discovery.registry import registry
from modelry.discovery.scan import installed
from modelry.errors import InputError
from modelry.scaffold.kinds import PRESETS
from modelry.scaffold.names import package_name

if TYPE_CHECKING:
    from modelry.scaffold.project import Project


def check_distribution(name: str) -> None:
    """Check that no distribution has a name, and no module that of its package.

    Args:
        name: A distribution's name in its one spelling.

    Raises:
        InputError: One has; for a distribution it says whose it is.
    """
    if name in FIRST_PARTY:
        raise InputError(f"{name!r} is a distribution that the modelry project publishes. Choose another name.")
    if any(distribution.name == name for distribution in installed()):
        raise InputError(
            f"A distribution {name!r} is installed here, which the new one would replace. Choose another name, or run "
            f"`pip uninstall {name}` if it is an older state of your plugin."
        )
    package = package_name(name)
    found = PathFinder.find_spec(package)  # imports nothing
    if found is not None and found.origin is not None:  # without an origin it is a folder with no __init__.py
        raise InputError(
            f"{name!r} would be the Python package {package!r}, and there is one at {found.origin}, which it would "
            "hide or be hidden by. Choose another name."
        )


def owners(project: Project) -> list[str]:
    """Return who has the name of a project's component here, such as `a head of acme-gates`."""
    kind, name = project.kind.registers, project.component
    if kind == PRESETS:
        preset = registry.presets().get(name)
        return [] if preset is None else [f"the preset {preset.reference}"]
    entries = registry.entries(kind)
    return [f"a {noun(kind)} of {entry.distribution}" for entry in entries if entry.name == name]
