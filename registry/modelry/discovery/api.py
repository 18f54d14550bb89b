"""The number of the plugin API, and whether a hook module was written for one that this modelry has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.names import CORE
from modelry.discovery.pip import pip_install, pip_upgrade
from modelry.errors import IncompatiblePlugin

if TYPE_CHECKING:
    from modelry.discovery.entry import Entry

API = 1
"""Rises when hooks are added, or change their meaning; a hook module states the one it was written for as `API`."""

OLDEST_API = 1
"""The oldest one that still works."""


def check_api(entry: Entry, module: object) -> None:
    """Check that a hook module was written for an API that this modelry has; one that states none was for the first.

    Raises:
        IncompatiblePlugin: It was written for an older or a newer one.
        TypeError: What it states is no number.
    """
    number = getattr(module, "API", 1)
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(f"API must be an int, the number of the plugin API that it was written for, not {number!r}")
    if OLDEST_API <= number <= API:
        return
    # Every plugin imports this file for its number; what it takes to explain a wrong one is seldom needed.
    from modelry._version import UNINSTALLED, version
    from modelry.discovery.compatibility import needed_modelry

    this = CORE if version == UNINSTALLED else f"{CORE} {version}"
    text = f"{entry.owner} is written for plugin API {number}, and this {this} has API {API}"
    if number < OLDEST_API:
        text += f" and reads those from {OLDEST_API} on. Run: {pip_upgrade(entry.distribution)}"
        raise IncompatiblePlugin(text)
    needed = needed_modelry(entry.distribution)
    # A range that this version is in cannot be the reason, nor would installing it change anything.
    if needed is None or needed.specifier.contains(version, prereleases=True):
        raise IncompatiblePlugin(f"{text}. Run: {pip_upgrade(CORE)}")
    what = f"{CORE}{needed.specifier}"
    raise IncompatiblePlugin(f"{text}. It needs {what}. Run: {pip_install(what)}")
