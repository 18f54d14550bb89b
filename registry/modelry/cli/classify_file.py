"""`modelry classify --input FILE --output FILE`: a file of any size, which can be interrupted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs
import typer

from modelry._progress import bar
from modelry.cli.added import added_by
from modelry.cli.file_run import FileRun, kept
from modelry.cli.work import work_of
from modelry.errors import InputError
from modelry.tables.chunk import text_column
from modelry.tables.formats import format_of
from modelry.tables.partial import Partial
from modelry.tables.read import open_table

if TYPE_CHECKING:
    from pathlib import Path

    from modelry.cli.added import Choice
    from modelry.presets.recipe import Recipe
    from modelry.tables.chunk import Table


@attrs.frozen
class FileJob:
    """What the user asked for; see the options of `classify`."""

    input: Path
    output: Path
    text_column: str | None
    pair_column: str | None
    prefix: str
    choice: Choice
    batch_size: int
    restart: bool
    overwrite: bool


def classify_file(preset: str, recipe: Recipe, job: FileJob) -> None:
    """Classify the rows of a file, going on where an interrupted run of the same work stopped.

    Raises:
        InputError: The files, their columns or a row are not what they must be. What is done is kept.
        PluginError: A format needs a package that is not installed.
    """
    output = _output(job)
    table = open_table(job.input)
    columns = _columns(table, job)
    added = added_by(recipe, job.choice, format_of(output).name == "jsonl", job.prefix)
    added.check(table.columns, repr(str(table.path)))
    work = work_of(recipe, _options(table, columns, job))
    began = time.monotonic()
    with Partial(output.with_name(f"{output.name}.partial")) as partial:
        partial.begin(work, job.restart)
        with bar() as shown:
            run = FileRun(preset, table, columns, added, partial, shown)
            try:
                run.classify({"batch_size": job.batch_size, **job.choice.options()})
                _write(run, partial, output)
            except KeyboardInterrupt:
                shown.stop()
                typer.echo(f"Interrupted. {kept(run.rows)}", err=True)
                raise
    typer.echo(_summary(run, output, time.monotonic() - began), err=True)


def _write(run: FileRun, partial: Partial, output: Path) -> None:
    made = partial.folder / "output.tmp"
    try:
        run.write(made, output)
        partial.finish(made, output)
    except OSError as error:
        raise InputError(f"Cannot write {str(output)!r}: {error}. {kept(run.rows)}") from error


def _output(job: FileJob) -> Path:
    """Return where the output goes, which is found out before hours of work."""
    output = job.output.resolve()  # through a link, the file that it points to is what must be replaced
    name = repr(str(job.output))
    if format_of(output).name == "parquet":
        from modelry.tables.arrow import pyarrow

        pyarrow()
    if output == job.input.resolve():
        raise InputError(f"--output is the same file as --input, {name}. Choose another.")
    if not output.parent.is_dir():
        raise InputError(f"There is no folder {str(output.parent)!r} for {name}. Make it first.")
    if output.exists() and not output.is_file():
        raise InputError(f"{name} is no file that can be replaced. Choose another for --output.")
    if output.exists() and not job.overwrite:
        raise InputError(f"{name} already exists. Choose another file, or replace it with --overwrite.")
    return output


def _columns(table: Table, job: FileJob) -> list[str]:
    first = text_column(table, job.text_column, but=job.pair_column)
    return [first] if job.pair_column is None else [first, text_column(table, job.pair_column)]


def _options(table: Table, columns: list[str], job: FileJob) -> dict[str, Any]:
    """Return those options that results depend on; the others may change when a run goes on."""
    options: dict[str, Any] = {"--text-column": columns[0], "--batch-size": job.batch_size}
    options |= {"--top-k": job.choice.top_k, "--threshold": job.choice.threshold}
    if len(columns) > 1:
        options["--pair-column"] = columns[1]
    if table.schema is not None:  # what hashes the rows
        options["pyarrow"] = _pyarrow_version()
    return options


def _pyarrow_version() -> str:
    from modelry.tables.arrow import pyarrow

    return str(pyarrow().__version__)


def _summary(run: FileRun, output: Path, seconds: float) -> str:
    new = run.rows - run.before
    speed = f" ({new / seconds:,.0f} a second)" if new and seconds else ""
    before = f" {run.before:,} of them were done before." if run.before else ""
    return f"Classified {run.rows:,} texts in {seconds:,.1f} s{speed}.{before} The results are in {str(output)!r}."
