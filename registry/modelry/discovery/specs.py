"""The hooks a plugin may implement: what is asked of it, when, and with which types.

modelry imports the hook modules of the installed plugins the first time it needs one of these answers, never before.
A module that cannot be imported, or that raises, is reported with the name of its distribution, and the others are
heard all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

hookspec = pluggy.HookspecMarker("modelry")
hookimpl = pluggy.HookimplMarker("modelry")


@attrs.frozen
class BuiltinPreset:
    """A preset that a plugin knows by name.

    Attributes:
        name: What the user writes, `bert_base_en`.
        reference: Where it lies, `hf://acme/bert-base-en`.
        architecture: The short name of its backbone, `bert`.
        parameters: How many parameters the backbone has, if known.
        description: One sentence for listings.
    """

    name: str
    reference: str
    architecture: str
    parameters: int | None = None
    description: str = ""


@hookspec
def modelry_presets() -> Iterable[BuiltinPreset]:  # type: ignore[empty-body]
    """Return the presets that this plugin knows by name. Asked when presets are listed or looked up by name."""


@hookspec
def modelry_aliases() -> Mapping[tuple[str, str], str]:  # type: ignore[empty-body]
    """Return the old names of renamed components: {(kind, old name): new name}. Asked when a name is unknown.

    Using an old name warns that it is deprecated and goes on with the new one.
    """


@hookspec
def modelry_install_hint(kind: str, name: str) -> str | None:
    """Return what pip must install to get this component, `acme-cnn>=2`, or None. Asked when a name is unknown."""
