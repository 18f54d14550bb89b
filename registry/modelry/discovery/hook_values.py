"""Values that hooks take and return, which plugins import from `modelry.plugin`, and the checks of returned values.

Later versions may add fields with defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from modelry.discovery.entry import is_name
from modelry.discovery.pip import is_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@attrs.frozen
class BuiltinPreset:
    """A preset that a plugin knows by name.

    Attributes:
        name: The name users write, `bert_base_en`.
        reference: Its place, `hf://acme/bert-base-en`.
        architecture: The short name of its backbone, `bert`.
        parameters: The number of parameters of the backbone, if known.
        description: One sentence for listings.
        mirrors: Other places with the same files, each used if those before it fail.
    """

    name: str
    reference: str
    architecture: str
    parameters: int | None = None
    description: str = ""
    mirrors: tuple[str, ...] = ()


def keras_hub_presets(architecture: str, presets: Mapping[str, tuple[str, int]]) -> Iterator[BuiltinPreset]:
    """Yield presets that KerasHub also knows by name.

    Args:
        architecture: The short name of their backbone.
        presets: Name → path below `kaggle://keras/`, and number of parameters of the backbone.
    """
    for name, (handle, parameters) in presets.items():
        yield BuiltinPreset(name, f"kaggle://keras/{handle}", architecture, parameters)


@attrs.frozen
class Command:
    """A command that a plugin adds to `modelry`.

    Attributes:
        name: The word users write after `modelry`.
        target: `module:function`, a function for typer, imported when the command runs.
        help: One sentence for `modelry --help`.
    """

    name: str
    target: str
    help: str = ""


@attrs.frozen
class PresetLoaded:
    """A `from_preset` that succeeded.

    Attributes:
        reference: The preset as the user named it.
        class_name: The class of the returned object, `BertTextClassifier`.
        distributions: The plugins of its parts: distribution → version, the core included if a part is its own.
        seconds: Wall-clock time of loading.
    """

    reference: str
    class_name: str
    distributions: Mapping[str, str]
    seconds: float


@attrs.frozen
class Fetched:
    """A complete download.

    Attributes:
        reference: The preset as the user named it.
        files: The fetched files, named as in the preset.
        size: Their size in bytes on this machine.
        seconds: Wall-clock time of fetching.
    """

    reference: str
    files: tuple[str, ...]
    size: int
    seconds: float


@attrs.frozen
class Published:
    """A published preset.

    Attributes:
        reference: The reference that opens the published preset, without secrets.
        files: The published files, named as in the preset.
        size: Their size in bytes on this machine.
        seconds: Wall-clock time of publishing.
    """

    reference: str
    files: tuple[str, ...]
    size: int
    seconds: float


def read_presets(answer: Iterable[BuiltinPreset]) -> list[BuiltinPreset]:
    """Check the answer of `modelry_presets`."""
    presets = list(answer)
    for preset in presets:
        if not isinstance(preset, BuiltinPreset):
            raise TypeError(f"expected a BuiltinPreset, got {preset!r}")
    return presets


def read_aliases(answer: Any) -> dict[tuple[str, str], str]:
    """Check the answer of `modelry_aliases`."""
    aliases = {}
    for (kind, old), new in dict(answer).items():
        if not (isinstance(kind, str) and isinstance(old, str) and isinstance(new, str)):
            raise TypeError(f"expected {{(kind, old name): new name}}, got {answer!r}")
        aliases[kind, old] = new
    return aliases


def read_requirement(answer: object) -> str:
    """Check the answer of `modelry_install_hint`; users copy it into a shell."""
    if not isinstance(answer, str) or not is_requirement(answer):
        raise TypeError(f"expected a requirement for pip, such as 'acme-cnn>=2', got {answer!r}")
    return answer


def read_config(answer: object) -> dict[str, Any]:
    """Check the answer of `modelry_upgrade_config`."""
    if not isinstance(answer, Mapping) or not all(isinstance(key, str) for key in answer):
        raise TypeError(f"expected the arguments by name, or None, got {answer!r}")
    return dict(answer)


def read_commands(answer: Iterable[Command]) -> list[Command]:
    """Check the answer of `modelry_commands`."""
    commands = list(answer)
    for command in commands:
        if not isinstance(command, Command) or not is_name(command.name) or ":" not in command.target:
            raise TypeError(f"expected a Command with a name and a target 'module:function', got {command!r}")
    return commands


def read_reason(answer: object) -> str:
    """Check the answer of `modelry_before_fetch`."""
    if not isinstance(answer, str) or not answer.strip():
        raise TypeError(f"expected a str with the reason to refuse the preset, or None, got {answer!r}")
    return answer.strip()


def read_nothing(answer: object) -> None:
    """Ignore the answer of an observer."""
