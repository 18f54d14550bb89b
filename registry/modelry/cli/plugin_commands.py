"""The commands that plugins add to `modelry`: asked for where a name is none of its own, imported where they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from modelry.cli.output import print_warning
from modelry.discovery.default import registry
from modelry.discovery.entry import Entry
from modelry.discovery.hints import COMMANDS
from modelry.discovery.names import split
from modelry.discovery.pip import install_advice, pip_upgrade
from modelry.errors import AmbiguousName, BrokenPlugin, ModelryError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from modelry.discovery.hook_values import Command


def listed(own: Container[str]) -> dict[str, TyperCommand]:
    """Return what the help says of the plugins' commands, by the names they can be called by; imports no target.

    Args:
        own: The names of modelry's own commands, which no plugin can take.
    """
    try:
        found = _entries()
    except ModelryError as error:  # such as a wrong MODELRY_PLUGINS: the help must be there all the same
        print_warning(str(error))
        return {}
    names = [entry.name for entry, _ in found]
    commands = {}
    for entry, command in found:
        name = entry.qualified if entry.name in own or names.count(entry.name) > 1 else entry.name
        commands[name] = TyperCommand(name, help=command.help, rich_help_panel=f"Commands of {entry.owner}")
    return commands


def load(name: str) -> Any:
    """Import the command that `name`, short or `distribution:name`, stands for; `None` if no plugin has it.

    Raises:
        AmbiguousName: Several plugins have it.
        BrokenPlugin: Its target cannot be imported, or is nothing that typer can run.
        IncompatiblePlugin: Its distribution was made for another modelry.
    """
    distribution, short = split(name)
    found = [
        (entry, command)
        for entry, command in _entries()
        if entry.name == short and distribution in (None, entry.distribution)
    ]
    if len(found) > 1:
        who = " and ".join(f"{entry.owner} ({entry.target})" for entry, _ in found)
        raise AmbiguousName(f"The command {short!r} is added by {who}. {_way_out(entry for entry, _ in found)}")
    return _build(*found[0]) if found else None


def unknown(name: str, known: Iterable[str]) -> str:
    """Return what to say about a command that nobody has."""
    text = f"No such command {name!r}.{did_you_mean(name, known)}"
    distribution, short = split(name)
    if distribution is not None and distribution in {entry.distribution for entry in registry.entries()}:
        return f"{text} Another version of {distribution} may have it: {pip_upgrade(distribution)}"
    hint = distribution or registry.hooks.install_hint(COMMANDS, short)
    return f"{text} {install_advice(hint)}" if hint else text


def _entries() -> list[tuple[Entry, Command]]:
    """Return each command of a plugin, as an entry that can import it, sorted; what is declared twice is there once."""
    found = {
        Entry(COMMANDS, command.name, command.target, plugin.distribution, plugin.version): command
        for plugin, commands in registry.hooks.commands()
        for command in commands
    }
    return sorted(found.items(), key=lambda item: (item[0].distribution, item[0].name, item[0].target))


def _way_out(owners: Iterable[Entry]) -> str:
    names = list(dict.fromkeys(entry.qualified for entry in owners))
    if len(names) == 1:
        return "One distribution adds it twice: tell its author, or uninstall it."
    return f"Write {' or '.join(f'`modelry {name}`' for name in names)}."


def _build(entry: Entry, command: Command) -> Any:
    function: Any = entry.load()
    app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    try:
        app.command(command.name, help=None if function.__doc__ else command.help)(function)
        return typer.main.get_command(app)
    except Exception as error:
        raise BrokenPlugin(
            f"{entry.owner} adds the command {entry.name!r}, but typer cannot run {entry.target!r}: {error}. "
            f"Tell its author, or remove {entry.distribution}."
        ) from error
