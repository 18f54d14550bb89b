"""The `modelry` command line: its commands, their common options, and the handling of errors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from modelry.cli import (
    bench,
    cache,
    convert,
    doctor,
    explain,
    listing,
    lock,
    new,
    plugin_commands,
    plugins,
    show,
    sign,
    upload,
    verify,
)
from modelry.cli.output import print_error, print_warning, write_line
from modelry.errors import ModelryError

if TYPE_CHECKING:
    from collections.abc import Iterable


_LISTED = "modelry.listed_plugin_commands"


class Commands(TyperGroup):
    """The group of all commands, plugins' included; it turns a ModelryError into one message and exit code 1."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Accept `--debug` anywhere: users append it to a command that has just failed."""
        end = args.index("--") if "--" in args else len(args)
        if "--debug" in args[:end]:
            args = ["--debug", *(arg for arg in args[:end] if arg != "--debug"), *args[end:]]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of modelry's own commands, and then of the plugins'."""
        return [*super().list_commands(ctx), *self._listed(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; a plugin's one has only its name and help."""
        return super().get_command(ctx, cmd_name) or self._listed(ctx).get(cmd_name)

    def _listed(self, ctx: Any) -> dict[str, Any]:
        """Return the plugins' commands, for which they are asked once."""
        if _LISTED not in ctx.meta:
            ctx.meta[_LISTED] = plugin_commands.listed(self.commands)
        found: dict[str, Any] = ctx.meta[_LISTED]
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the name, the command and its arguments; a plugin's command is imported."""
        name = args[0]
        if name in self.commands or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        command = plugin_commands.load(name)
        if command is None:
            ctx.fail(plugin_commands.unknown(name, self.list_commands(ctx)))
        return name, command, args[1:]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help, for which plugins are asked."""
        super().format_help(ctx, formatter)
        _report_broken_hooks()

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            try:
                result = super().invoke(ctx)
            finally:
                _report_broken_hooks()
            # A closed pipe must show here, where it is handled, and not when Python exits.
            sys.stdout.flush()
        except ModelryError as error:
            if ctx.params.get("debug"):
                raise
            print_error(str(error))
            raise typer.Exit(1) from None
        return result


app = typer.Typer(
    cls=Commands,
    help="Find, check and use Keras 3 models that ship as pip packages.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # the one in which the lines of a docstring flow together
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from modelry._version import version

        write_line(f"modelry {version}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks, and what the libraries log.")] = False,
) -> None:
    """Take the options that stand before a command; `Commands` and the callbacks act on them."""


def _report_broken_hooks() -> None:
    from modelry.discovery.registry import registry

    try:
        failures: Iterable[object] = registry.failures()
    except ModelryError:  # the registry itself cannot be read: the command has failed with the same error
        return
    for failure in failures:
        print_warning(f"A plugin is broken and skipped: {failure}")


app.command("list")(listing.list_components)
app.command("show")(show.show)
app.command("bench")(bench.bench)
app.command("doctor")(doctor.doctor)
app.command("plugins")(plugins.plugins)
app.command("explain")(explain.explain)
app.command("verify")(verify.verify)
app.command("sign")(sign.sign)
app.command("lock")(lock.lock)
app.command("new")(new.new)
app.command("upload")(upload.upload)
app.command("convert")(convert.convert)
app.add_typer(cache.app, name="cache")
