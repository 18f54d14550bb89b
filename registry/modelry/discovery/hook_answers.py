"""What hooks may return: each answer is checked before anybody acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelry.discovery.hook_values import BuiltinPreset, Command
from modelry.discovery.names import is_name
from modelry.discovery.pip import is_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_presets(answer: Iterable[BuiltinPreset]) -> list[BuiltinPreset]:
    """Read what `modelry_presets` returned."""
    presets = list(answer)
    for preset in presets:
        if not isinstance(preset, BuiltinPreset):
            raise TypeError(f"expected a BuiltinPreset, got {preset!r}")
    return presets


def read_aliases(answer: Any) -> dict[tuple[str, str], str]:
    """Read what `modelry_aliases` returned."""
    aliases = {}
    for (kind, old), new in dict(answer).items():
        if not (isinstance(kind, str) and isinstance(old, str) and isinstance(new, str)):
            raise TypeError(f"expected {{(kind, old name): new name}}, got {answer!r}")
        aliases[kind, old] = new
    return aliases


def read_requirement(answer: object) -> str:
    """Read what `modelry_install_hint` returned; it ends up in a command that users copy into a shell."""
    if not isinstance(answer, str) or not is_requirement(answer):
        raise TypeError(f"expected what pip shall install, such as 'acme-cnn>=2', got {answer!r}")
    return answer


def read_config(answer: object) -> dict[str, Any]:
    """Read what `modelry_upgrade_config` returned."""
    if not isinstance(answer, Mapping) or not all(isinstance(key, str) for key in answer):
        raise TypeError(f"expected the arguments by name, or None, got {answer!r}")
    return dict(answer)


def read_commands(answer: Iterable[Command]) -> list[Command]:
    """Read what `modelry_commands` returned."""
    commands = list(answer)
    for command in commands:
        if not isinstance(command, Command) or not is_name(command.name) or ":" not in command.target:
            raise TypeError(f"expected a Command with a name and a target 'module:function', got {command!r}")
    return commands


def read_reason(answer: object) -> str:
    """Read what `modelry_before_fetch` returned."""
    if not isinstance(answer, str) or not answer.strip():
        raise TypeError(f"expected why the preset must not be used, as a str, or None, got {answer!r}")
    return answer.strip()


def read_nothing(answer: object) -> None:
    """Pass over what an observer returned."""
