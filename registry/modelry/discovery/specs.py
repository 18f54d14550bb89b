"""The hooks a plugin may implement: what is asked of it, when, with which types, and what becomes of an error.

A hook module belongs to one of three entry-point groups, according to when it must be imported:

* `modelry.plugin`: facts that entry points cannot tell. Imported when such a fact is needed.
* `modelry.policies`: whether a preset may be used. Imported when a preset is opened.
* `modelry.observers`: what was done. Imported when something is announced.

modelry calls the hooks with keyword arguments, and an implementation takes those that it names. Arguments may be added
in later versions. Unless a hook says otherwise, one that raises is reported with the name of its distribution, and the
others are heard all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

from modelry.discovery.names import OBSERVERS, PLUGIN, POLICIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from modelry.discovery.hook_values import BuiltinPreset, Command, Fetched, PresetLoaded, Published

hookspec = pluggy.HookspecMarker("modelry")
hookimpl = pluggy.HookimplMarker("modelry")


@hookspec
def modelry_presets() -> Iterable[BuiltinPreset]:  # type: ignore[empty-body]
    """Return the presets that this plugin knows by name. Since API 1.

    Asked when presets are listed or looked up by name.
    """


@hookspec
def modelry_aliases() -> Mapping[tuple[str, str], str]:  # type: ignore[empty-body]
    """Return the old names of renamed components: {(kind, old name): new name}. Since API 1.

    Asked when a name is unknown. Using an old name warns that it is deprecated and goes on with the new one.
    """


@hookspec
def modelry_install_hint(kind: str, name: str) -> str | None:
    """Return what pip must install to get this component, `acme-cnn>=2`, or None. Since API 1.

    Asked when a name is unknown, after the names that modelry itself knows.

    Args:
        kind: A kind of component, such as `backbones`; `checkpoints` for a `model_type` of transformers, `storage` for
            a URI scheme, `commands` for a command of `modelry`, `classes` for the name of a class.
        name: The name that was asked for.
    """


@hookspec
def modelry_upgrade_config(
    kind: str, name: str, config: Mapping[str, Any], saved_version: str
) -> Mapping[str, Any] | None:
    """Return a component's config in the terms of the installed version, or None to leave it as it is. Since API 1.

    Asked of the distribution that owns the component, when a preset is loaded that an older version of it saved.
    Implementing it is the promise to read the presets of every older version, also those outside the range that they
    require. An error becomes a PresetFormatError that names the distribution and the preset.

    Args:
        kind: `backbones`, `tokenizers`, `preprocessors`, `heads` or `tasks`.
        name: The short name of the component, as it is registered now.
        config: The saved arguments of its class. The mapping may be changed and returned.
        saved_version: The version of the distribution that saved the preset, `0.1.0`.
    """


@hookspec
def modelry_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """Return the commands that this plugin adds to `modelry`. Since API 1.

    Asked for `modelry --help`, and when a command is none of modelry's own. A command of this name that modelry itself
    has, now or later, comes first; `modelry distribution:name` is always the plugin's.
    """


@hookspec
def modelry_before_fetch(reference: str) -> str | None:
    """Return why this preset must not be used, as a sentence for the user, or None to allow it. Since API 1.

    Asked for every preset, before anything of it is read or fetched. What cannot be asked does not allow anything: a
    policy that cannot be imported, or that raises, refuses every preset.

    Args:
        reference: `scheme://…`, with the built-in name resolved; for a folder, the `file://` URI of its real path.
    """


@hookspec
def modelry_preset_loaded(event: PresetLoaded) -> None:
    """Take note of a preset that was loaded. Since API 1. Called after `from_preset`, in its thread."""


@hookspec
def modelry_fetched(event: Fetched) -> None:
    """Take note of a download that is complete. Since API 1. Called by storage handlers, in the thread that fetched."""


@hookspec
def modelry_published(event: Published) -> None:
    """Take note of a preset that was published. Since API 1. Called after it can be opened, in the same thread."""


HOOKS: dict[str, tuple[Callable[..., object], ...]] = {
    PLUGIN: (modelry_presets, modelry_aliases, modelry_install_hint, modelry_upgrade_config, modelry_commands),
    POLICIES: (modelry_before_fetch,),
    OBSERVERS: (modelry_preset_loaded, modelry_fetched, modelry_published),
}
"""Group → its hooks."""
