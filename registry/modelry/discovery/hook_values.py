"""The values that hooks take and return; plugins import them from `modelry.plugin`.

Fields may be added to them in later versions, with defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@attrs.frozen
class BuiltinPreset:
    """A preset that a plugin knows by name.

    Attributes:
        name: What the user writes, `bert_base_en`.
        reference: Where it lies, `hf://acme/bert-base-en`.
        architecture: The short name of its backbone, `bert`.
        parameters: How many parameters the backbone has, if known.
        description: One sentence for listings.
        mirrors: Other places with the same files, each used where those before it fail.
    """

    name: str
    reference: str
    architecture: str
    parameters: int | None = None
    description: str = ""
    mirrors: tuple[str, ...] = ()


def keras_hub_presets(architecture: str, presets: Mapping[str, tuple[str, int]]) -> Iterator[BuiltinPreset]:
    """Yield presets that KerasHub knows by name too.

    Args:
        architecture: The short name of their backbone.
        presets: Name → where it lies below `kaggle://keras/`, and how many parameters the backbone has.
    """
    for name, (handle, parameters) in presets.items():
        yield BuiltinPreset(name, f"kaggle://keras/{handle}", architecture, parameters)


@attrs.frozen
class Command:
    """A command that a plugin adds to `modelry`.

    Attributes:
        name: What the user writes behind `modelry`.
        target: `module:function`, a function as typer takes it; it is imported when the command runs.
        help: One sentence for `modelry --help`.
    """

    name: str
    target: str
    help: str = ""


@attrs.frozen
class PresetLoaded:
    """A `from_preset` that succeeded.

    Attributes:
        reference: What the user wrote to name the preset.
        class_name: The class of what was returned, `BertTextClassifier`.
        distributions: The plugins it is made of: distribution → version, the core included where it has a part in it.
        seconds: How long loading took, on the wall clock.
    """

    reference: str
    class_name: str
    distributions: Mapping[str, str]
    seconds: float


@attrs.frozen
class Fetched:
    """A download that is complete.

    Attributes:
        reference: What the user wrote to name the preset.
        files: The files that were fetched, named as in the preset.
        size: Their size in bytes, as they lie on this machine.
        seconds: How long fetching took, on the wall clock.
    """

    reference: str
    files: tuple[str, ...]
    size: int
    seconds: float


@attrs.frozen
class Published:
    """A preset that was published.

    Attributes:
        reference: The reference that opens what was published, without the secrets in it.
        files: The files that were published, named as in the preset.
        size: Their size in bytes, as they lie on this machine.
        seconds: How long publishing took, on the wall clock.
    """

    reference: str
    files: tuple[str, ...]
    size: int
    seconds: float
