"""Whether all that a hook module says can be heard: what is misspelt or misplaced would never be called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.names import PREFIX
from modelry.discovery.specs import HOOKS
from modelry.errors import did_you_mean

if TYPE_CHECKING:
    import pluggy

_GROUPS = {hook.__name__: group for group, hooks in HOOKS.items() for hook in hooks}
"""Hook → the group it belongs to."""

_MARK = "decorate its functions with @hookimpl from modelry.plugin"


def check_hooks(manager: pluggy.PluginManager, group: str, module: object) -> None:
    """Check a module that is registered.

    Raises:
        TypeError: It implements a hook that this group does not have, or forgets to say that it implements one.
    """
    callers = manager.get_hookcallers(module) or []
    for caller in callers:
        implementations = (found for found in caller.get_hookimpls() if found.plugin is module)
        if not caller.has_spec() and not all(found.optionalhook for found in implementations):
            raise TypeError(f"modelry has no hook {caller.name!r}{_instead(caller.name, group)}")
    names = {caller.name for caller in callers}
    for name in _GROUPS:
        if name not in names and callable(getattr(module, name, None)):
            raise TypeError(f"{name} would never be called; {_MARK}")
    if not names:
        raise TypeError(f"it implements no hook; {_MARK}")


def _instead(name: str, group: str) -> str:
    """Return the end of a sentence that begins with "modelry has no hook x"."""
    if name not in _GROUPS:
        return f".{did_you_mean(name, _GROUPS)}"
    return f" in the group '{PREFIX}{group}'; declare its module in '{PREFIX}{_GROUPS[name]}'"
