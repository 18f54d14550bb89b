"""Commands that plugins add to `modelry`, by hooks or with their tasks; a command is imported when it runs."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from modelry.cli.output import print_warning
from modelry.discovery.entry import CORE, TASK_SPECS, Entry, is_name, split
from modelry.discovery.hints import COMMANDS
from modelry.discovery.hook_values import Command
from modelry.discovery.pip import install_advice, pip_upgrade
from modelry.discovery.registry import registry
from modelry.errors import AmbiguousName, BrokenPlugin, ModelryError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator


def listed(own: Container[str]) -> dict[str, TyperCommand]:
    """Return stand-ins with the help of the plugins' commands, by the names under which they run; imports no target.

    Args:
        own: The names of modelry's own commands, which no plugin can take.
    """
    try:
        commands = {**_of_hooks(), **_of_tasks(warn=True)}
    except ModelryError as error:  # such as a wrong MODELRY_PLUGINS: the help must be there all the same
        print_warning(str(error))
        return {}
    found = sorted(commands.items(), key=_order)
    names = [entry.name for entry, _ in found]
    core = {entry.name for entry, _ in found if entry.distribution == CORE}
    stand_ins = {}
    for entry, command in found:
        is_core = entry.distribution == CORE
        taken = entry.name in own or (not is_core and (entry.name in core or names.count(entry.name) > 1))
        name = entry.qualified if taken else entry.name
        panel = None if is_core else f"Commands of {entry.owner}"
        stand_ins[name] = TyperCommand(name, help=command.help or _documented(command.target), rich_help_panel=panel)
    return stand_ins


def load(name: str) -> Any:
    """Import the command called `name`, short or `distribution:name`; `None` if no plugin has it.

    Raises:
        AmbiguousName: Several plugins have it.
        BrokenPlugin: Its target cannot be imported, or typer cannot run it.
        IncompatiblePlugin: Its distribution was made for another modelry.
    """
    distribution, short = split(name)

    def matching(commands: dict[Entry, Command]) -> list[tuple[Entry, Command]]:
        return [
            (entry, command)
            for entry, command in sorted(commands.items(), key=_order)
            if entry.name == short and distribution in (None, entry.distribution)
        ]

    # The commands of modelry's own tasks come first, and no plugin is asked about them.
    found = matching(_of_tasks(CORE)) or matching({**_of_hooks(), **_of_tasks()})
    if len(found) > 1:
        who = " and ".join(f"{entry.owner} ({entry.target})" for entry, _ in found)
        raise AmbiguousName(f"The command {short!r} is added by {who}. {_way_out(entry for entry, _ in found)}")
    return _build(*found[0]) if found else None


def unknown(name: str, known: Iterable[str]) -> str:
    """Return the message about a command that does not exist."""
    text = f"No such command {name!r}.{did_you_mean(name, known)}"
    distribution, short = split(name)
    if distribution is not None and distribution in {entry.distribution for entry in registry.entries()}:
        return f"{text} Another version of {distribution} may have it: {pip_upgrade(distribution)}"
    hint = distribution or registry.hooks.install_hint(COMMANDS, short)
    return f"{text} {install_advice(hint)}" if hint else text


def _of_hooks() -> dict[Entry, Command]:
    """Return the commands of hook modules, each with an entry that can import it."""
    return {_entry(plugin, command): command for plugin, listed in registry.hooks.commands() for command in listed}


def _of_tasks(distribution: str | None = None, *, warn: bool = False) -> dict[Entry, Command]:
    """Return the commands of tasks, of all or of those of one distribution, except those of broken tasks."""
    commands = {}
    for task in registry.entries(TASK_SPECS):
        if distribution in (None, task.distribution):
            try:
                commands.update({_entry(task, command): command for command in _task_commands(task)})
            except ModelryError as error:
                if warn:
                    print_warning(f"A plugin is broken and skipped: {error}")
    return commands


def _order(item: tuple[Entry, Command]) -> tuple[str, str, str]:
    return item[0].distribution, item[0].name, item[0].target


def _entry(plugin: Entry, command: Command) -> Entry:
    return Entry(COMMANDS, command.name, command.target, plugin.distribution, plugin.version)


def _task_commands(task: Entry) -> Iterator[Command]:
    """Yield the commands of a task, whose description imports no Keras."""
    commands = getattr(task.load(), "commands", {})
    if not isinstance(commands, Mapping):
        raise BrokenPlugin(
            f"{task.declaration}, but its commands must map names to 'module:function', not be {commands!r}. "
            "Tell its author."
        )
    for name, target in commands.items():
        if not (isinstance(name, str) and is_name(name) and isinstance(target, str) and ":" in target):
            raise BrokenPlugin(
                f"{task.declaration}, but its command {name!r} must be a name with a target 'module:function', not "
                f"{target!r}. Tell its author."
            )
        yield Command(name, target)


def _documented(target: str) -> str:
    """Return the docstring of a function, read from its source, without importing its module."""
    module, _, function = target.partition(":")
    try:
        spec: Any = importlib.util.find_spec(module)
        tree = ast.parse(spec.loader.get_source(module))
    except Exception:  # a plugin's package may raise anything; the command itself will say so when it runs
        return ""
    found = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    return next((ast.get_docstring(node) or "" for node in found), "")


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
