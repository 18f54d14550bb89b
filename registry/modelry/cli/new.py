"""`modelry new`: a package to start a plugin with."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelry.cli.output import print_warning, write_line
from modelry.errors import InputError
from modelry.scaffold.project import BACKENDS, KINDS, LICENCES, choice, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelry.scaffold.project import Project


def new(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The name of its distribution, such as acme-textcnn.")
    ] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help=f"Its components: {', '.join(KINDS)}.")] = None,
    author: Annotated[str | None, typer.Option(metavar="AUTHOR", help="'A. Author <a@example.org>'.")] = None,
    component: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Its short name; by default the distribution's without 'modelry-', with '_' for '-'."
        ),
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", "--license", metavar="LICENCE", help=f"{' or '.join(LICENCES)}.")
    ] = LICENCES[0],
    directory: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The new folder to write; by default NAME, here.")
    ] = None,
    backend: Annotated[
        str, typer.Option(metavar="BACKEND", help=f"The backend of its tests: {', '.join(BACKENDS)}.")
    ] = BACKENDS[0],
) -> None:
    """Write a new plugin: a package that installs, passes its tests, and is ready to be changed and published.

    On a terminal it asks for missing arguments.
    """
    from modelry.scaffold.names import check_distribution, distribution_name
    from modelry.scaffold.project import owners
    from modelry.scaffold.write import check_target, render, write_project

    name = distribution_name(_given("NAME", name, _ask_name))
    target = Path(name) if directory is None else directory
    check_distribution(name)  # before asking questions in vain
    check_target(target)
    kind = _given("--kind", kind, _ask_kind)
    author = _given("--author", author, _ask_author)
    project = plan(name, kind, author, component, licence, backend)
    taken = [_taken(project, owner) for owner in owners(project)]
    if taken and component is None:
        raise InputError(f"{taken[0]} Pass another name with --component to avoid that, or this one to keep it.")
    files = render(project)
    write_project(files, target)
    for message in taken:
        print_warning(message)
    _print_done(project, target, files)


def _given(what: str, value: str | None, ask: Callable[[], str]) -> str:
    if value is not None:
        return value
    if sys.stdin is None or not sys.stdin.isatty():
        raise typer.BadParameter("is missing, and there is no terminal to ask at.", param_hint=what)
    return ask()


def _ask_name() -> str:
    return str(typer.prompt("Name, as in pip install NAME", err=True))


def _ask_kind() -> str:
    typer.echo("What does the plugin add?", err=True)
    for number, kind in enumerate(KINDS.values(), 1):
        typer.echo(f"  {number}  {kind.name:<13} {kind.summary}", err=True)
    return str(typer.prompt("Number or name", value_proc=_kind_answered, err=True))


def _kind_answered(answer: str) -> str:
    names = tuple(KINDS)
    numbers = {str(number): name for number, name in enumerate(names, 1)}
    try:
        return numbers.get(answer.strip()) or choice("kind", answer.strip(), names)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None  # it is asked again


def _ask_author() -> str:
    return str(typer.prompt("Author, as in 'A. Author <a@example.org>'", default=_git_author(), err=True))


def _git_author() -> str | None:
    """Return the author that git is configured with, or None without one, or without git."""
    import subprocess

    def ask(key: str) -> str:
        try:
            done = subprocess.run(["git", "config", key], capture_output=True, text=True, check=False)
        except OSError:
            return ""
        return done.stdout.strip()

    name, email = ask("user.name"), ask("user.email")
    return f"{name} <{email}>" if name and email else name or None


def _taken(project: Project, owner: str) -> str:
    """Return a message about a component of the same name; names belong to distributions, so it is allowed."""
    name = project.component
    return (
        f"{name!r} is also the name of {owner}. Where both are installed, users have to write '{project.name}:{name}'."
    )


def _print_done(project: Project, target: Path, files: dict[str, str]) -> None:
    write_line(f"Wrote {target}:")
    for file in files:
        write_line(f"  {file}")
    write_line("Next:")
    for command in (
        f"cd {shlex.quote(str(target))}",
        'python -m pip install -e ".[test,lint]"',
        *(["python build_preset.py"] if "build_preset.py" in files else []),
        "python -m pytest",
        "modelry doctor",
    ):
        write_line(f"  {command}")
