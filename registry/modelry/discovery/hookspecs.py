"""Specifications of the hooks that plugins may implement.

A hook module belongs to one of three entry-point groups, according to when it must be imported:

* `modelry.plugin`: facts that entry points cannot express. Imported when such a fact is needed.
* `modelry.policies`: permission to use a preset. Imported when a preset is opened.
* `modelry.observers`: notifications. Imported when something is announced.

modelry calls hooks with keyword arguments, and an implementation takes the ones it names. Later versions may add
arguments. Unless a hook says otherwise, an error is reported with the name of the distribution, and the other plugins
are still asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

from modelry.discovery.entry import OBSERVERS, PLUGIN, POLICIES, PREFIX
from modelry.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from modelry.discovery.hook_values import BuiltinPreset, Command, Fetched, PresetLoaded, Published

hookspec = pluggy.HookspecMarker("modelry")
hookimpl = pluggy.HookimplMarker("modelry")


@hookspec
def modelry_presets() -> Iterable[BuiltinPreset]:  # type: ignore[empty-body]
    """Return the built-in presets of this plugin. Since API 1.

    Asked when presets are listed or looked up by name.
    """


@hookspec
def modelry_aliases() -> Mapping[tuple[str, str], str]:  # type: ignore[empty-body]
    """Return the old names of renamed components: {(kind, old name): new name}. Since API 1.

    Asked when a name is unknown. Using an old name warns that it is deprecated and goes on with the new one.
    """


@hookspec
def modelry_install_hint(kind: str, name: str) -> str | None:
    """Return a requirement that provides a component, `acme-cnn>=2`, or None. Since API 1.

    Asked when a name is unknown, and modelry's own list does not have it.

    Args:
        kind: A kind of component, such as `backbones`; `checkpoints` for a `model_type` of transformers, `storage` for
            a URI scheme, `commands` for a command of `modelry`, `classes` for the name of a class.
        name: The unknown name.
    """


@hookspec
def modelry_upgrade_config(
    kind: str, name: str, config: Mapping[str, Any], saved_version: str
) -> Mapping[str, Any] | None:
    """Return a component's config as the installed version expects it, or None if nothing changes. Since API 1.

    Asked of the distribution that owns the component, when a preset of an older version is loaded. To implement it is
    to promise to read the presets of every older version, also those outside the range that they require. An error
    becomes a PresetFormatError that names the distribution and the preset.

    Args:
        kind: `backbones`, `tokenizers`, `preprocessors`, `heads` or `tasks`.
        name: The current short name of the component.
        config: The saved arguments of its class; may be changed and returned.
        saved_version: The version of the distribution that saved the preset, `0.1.0`.
    """


@hookspec
def modelry_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """Return the commands that this plugin adds to `modelry`. Since API 1.

    Asked for `modelry --help`, and when a command is not one of modelry's own. These take precedence, also the ones of
    later versions; `modelry distribution:name` is always the plugin's.
    """


@hookspec
def modelry_before_fetch(reference: str) -> str | None:
    """Return the reason to refuse a preset, as a sentence for the user, or None to allow it. Since API 1.

    Asked for every preset, before anything of it is read or fetched. A policy that cannot be imported, or that raises,
    refuses every preset.

    Args:
        reference: `scheme://…`, with the built-in name resolved; for a folder, the `file://` URI of its real path.
    """


@hookspec
def modelry_preset_loaded(event: PresetLoaded) -> None:
    """Observe a loaded preset. Since API 1. Called after `from_preset`, in its thread."""


@hookspec
def modelry_fetched(event: Fetched) -> None:
    """Observe a complete download. Since API 1. Called by storage handlers, in the thread that fetched."""


@hookspec
def modelry_published(event: Published) -> None:
    """Observe a published preset. Since API 1. Called after it can be opened, in the same thread."""


HOOKS: dict[str, tuple[Callable[..., object], ...]] = {
    PLUGIN: (modelry_presets, modelry_aliases, modelry_install_hint, modelry_upgrade_config, modelry_commands),
    POLICIES: (modelry_before_fetch,),
    OBSERVERS: (modelry_preset_loaded, modelry_fetched, modelry_published),
}
"""Group → its hooks."""

_GROUPS = {hook.__name__: group for group, hooks in HOOKS.items() for hook in hooks}

_MARK = "decorate its functions with @hookimpl from modelry.plugin"


def check_hooks(manager: pluggy.PluginManager, group: str, module: object) -> None:
    """Check the hooks of a registered module: a misspelt or misplaced one would never be called.

    Raises:
        TypeError: It implements a hook that this group does not have, or lacks `hookimpl`.
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
