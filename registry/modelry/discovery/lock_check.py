"""Whether the plugins that are installed are those that were locked."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from modelry.discovery.distributions import installed
from modelry.discovery.findings import BLOCKED, CHANGED, NOTE, Finding
from modelry.discovery.pip import install_advice, pip_reinstall
from modelry.discovery.plugin_lock import lock_of, look_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from modelry.discovery.plugin_lock import InstalledPlugin, LockedPlugin
    from modelry.discovery.survey import Survey


def contributing(found: Survey, locked: Iterable[str] = ()) -> dict[str, InstalledPlugin]:
    """Return the distributions that register something, or did so when locked, and are not kept out, by name."""
    blocked = {component.entry.distribution for component in found.components if component.status == BLOCKED}
    names = {component.entry.distribution for component in found.components}.union(locked) - blocked
    return {plugin.name: look_at(plugin) for plugin in installed() if plugin.name in names}


def lock_all(found: Survey) -> dict[str, LockedPlugin]:
    """Return the lock of what is installed.

    Raises:
        PluginError: Files of one are not those of its RECORD.
    """
    return {name: lock_of(name, plugin) for name, plugin in sorted(contributing(found).items())}


def lock_findings(locked: Mapping[str, LockedPlugin], found: Survey, where: str) -> Iterator[tuple[str, Finding]]:
    """Yield each distribution that is not as it was locked, and what cannot be told of one.

    Args:
        locked: What was locked.
        found: What is installed.
        where: The lock, for messages.
    """
    now = contributing(found, locked)
    again = f"or, if it is as it should be, lock again: modelry plugins --lock {shlex.quote(where)}"
    for name, plugin in now.items():
        if name in locked:
            yield from ((name, finding) for finding in _compare(name, locked[name], plugin, again))
        else:
            problem = f"{name} {plugin.version} contributes here, and {where} does not list it"
            yield name, Finding(CHANGED, problem, f"Uninstall it, keep it out with MODELRY_PLUGINS, {again}")
    for name in locked.keys() - found.distributions:
        version = locked[name].version
        problem = f"{name} {version} is locked in {where}, and not installed"
        yield name, Finding(CHANGED, problem, install_advice(f"{name}=={version}"))


def _compare(name: str, locked: LockedPlugin, plugin: InstalledPlugin, again: str) -> Iterator[Finding]:
    reinstall = f"Run: {pip_reinstall(f'{name}=={locked.version}')}, {again}"
    if plugin.version != locked.version:
        problem = f"{name} {plugin.version} is installed, and {locked.version} is locked"
        yield Finding(CHANGED, problem, reinstall)
    elif plugin.record is None and locked.sha256 is not None:
        yield Finding(CHANGED, f"{name} {plugin.unchecked}, and was locked with the content of a wheel", reinstall)
    elif plugin.record is None:
        problem = f"{name} {plugin.unchecked}: only its version is checked, and not its code"
        yield Finding(NOTE, problem, f"Install {name} from a wheel, and lock again, to have its code checked too.")
    else:
        problems = list(plugin.record.problems())
        if plugin.record.digest != locked.sha256:
            problems.insert(0, f"the RECORD of {name} {plugin.version} is not the one that was locked")
        for problem in problems:
            yield Finding(CHANGED, problem, reinstall)
