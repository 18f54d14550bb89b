"""Commands with `--input FILE --output FILE`: add model outputs to the rows of a file, resuming interrupted runs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import time
from typing import TYPE_CHECKING, Any

import attrs
import typer
from packaging.requirements import Requirement

from modelry._backend import backend
from modelry._progress import bar
from modelry.cli.facts import weights_of
from modelry.errors import InputError
from modelry.presets import adapter
from modelry.presets.components import find_entry
from modelry.presets.keras_hub import ASSETS
from modelry.storage.options import Budget
from modelry.tables.resume import PartialResults
from modelry.tables.run import Addition, TableRun, open_table
from modelry.tables.table import format_of, text_column
from modelry.weights.stores import bring_weights, weight_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from modelry._progress import Bar
    from modelry.presets.recipe import Recipe
    from modelry.tables.table import Chunk, Columns, Table

    Compute = Callable[[tuple[list[str], ...]], Columns]  # from a column of texts, or two of pairs, to further columns

_CONFIGS = (".json", ".txt", ".spm", ".model")  # and vocabularies
_WEIGHTS = (".h5", ".safetensors")


@attrs.frozen
class FileOptions:
    """Options that every command on files has.

    Attributes:
        input: The file to read.
        output: The file to write.
        text_column: The column of texts, or `None` for the obvious one.
        pair_column: The column of second texts, if rows are pairs.
        prefix: A prefix for the names of added columns.
        restart: Whether to discard the results of an interrupted run.
        overwrite: Whether to replace an existing output.
    """

    input: Path
    output: Path
    text_column: str | None = None
    pair_column: str | None = None
    prefix: str = ""
    restart: bool = False
    overwrite: bool = False

    @property
    def nested(self) -> bool:
        """True if the rows of the output are JSON objects, which can hold lists."""
        return format_of(self.output).name == "jsonl"


@attrs.frozen
class FileTask:
    """A task's part in a run over a file.

    Attributes:
        verb: Its name in messages: the progressive and the past form, such as `("Classifying", "Classified")`.
        kinds: The names of the columns it adds, and the kinds of their values; see `modelry.tables.table`.
        load: Loads the model, and returns the function from texts to the values of these columns.
        options: The options that results depend on, by the names a user knows.
    """

    verb: tuple[str, str]
    kinds: Mapping[str, str]
    load: Callable[[], Compute]
    options: Mapping[str, Any]


def run_on_file(preset: str, recipe: Recipe, task: FileTask, files: FileOptions) -> None:
    """Add columns to the rows of a file, continuing an interrupted run of the same work.

    Args:
        preset: The reference of the preset, for messages.
        recipe: The preset.
        task: What to compute.
        files: The files, and options about them.

    Raises:
        InputError: The files, their columns or a row do not fit. Earlier results are kept.
        PluginError: A format needs a package that is not installed.
    """
    output = _output(files)
    table = open_table(files.input)
    columns = _columns(table, files)
    started = time.monotonic()
    with bar() as progress:
        addition = Addition(task.kinds, lambda: _loaded(preset, task, columns, progress), task.verb[0], files.prefix)
        addition.check(table.columns, table.name)
        work = work_of(recipe, _options(table, columns, task))
        with PartialResults(output.with_name(f"{output.name}.partial")) as results:
            results.start(work, files.restart)
            run = TableRun(table, addition, results, progress)
            try:
                run.compute()
                _write(run, results, output)
            except KeyboardInterrupt:
                progress.stop()
                typer.echo(f"Interrupted. {run.kept}", err=True)
                raise
    typer.echo(_summary(task.verb[1], run, output, time.monotonic() - started), err=True)


def _loaded(preset: str, task: FileTask, columns: Sequence[str], progress: Bar) -> Callable[[Chunk], Columns]:
    progress.start(f"Loading {preset}", None)
    compute = task.load()
    return lambda chunk: compute(tuple(chunk.texts(column) for column in columns))


def _write(run: TableRun, results: PartialResults, output: Path) -> None:
    made = results.folder / "output.tmp"
    try:
        run.write(made, output)
        results.finish(made, output)
    except OSError as error:
        raise InputError(f"Cannot write {str(output)!r}: {error}. {run.kept}") from error


def _output(files: FileOptions) -> Path:
    """Return the path of the output, with every check that should not wait for hours of work."""
    output = files.output.resolve()  # of a link, the target is replaced
    name = repr(str(files.output))
    if format_of(output).name == "parquet":
        _pyarrow_version()
    if output == files.input.resolve():
        raise InputError(f"--output is the same file as --input, {name}. Choose another.")
    if not output.parent.is_dir():
        raise InputError(f"The folder {str(output.parent)!r} for {name} does not exist. Create it first.")
    if output.exists() and not output.is_file():
        raise InputError(f"{name} is not a file that can be replaced. Choose another for --output.")
    if output.exists() and not files.overwrite:
        raise InputError(f"{name} already exists. Choose another file, or replace it with --overwrite.")
    return output


def _columns(table: Table, files: FileOptions) -> list[str]:
    first = text_column(table, files.text_column, exclude=files.pair_column)
    return [first] if files.pair_column is None else [first, text_column(table, files.pair_column)]


def _options(table: Table, columns: list[str], task: FileTask) -> dict[str, Any]:
    """Return the options that results depend on; the others may change when a run continues."""
    options: dict[str, Any] = {"--text-column": columns[0], **task.options}
    if len(columns) > 1:
        options["--pair-column"] = columns[1]
    if table.schema is not None:  # pyarrow serializes the rows for their hashes
        options["pyarrow"] = _pyarrow_version()
    return options


def _pyarrow_version() -> str:
    from modelry.tables.parquet import pyarrow

    return str(pyarrow().__version__)


def _summary(verb: str, run: TableRun, output: Path, seconds: float) -> str:
    new = run.rows - run.resumed
    speed = f" ({new / seconds:,.0f} a second)" if new and seconds else ""
    resumed = f" {run.resumed:,} of them were done before." if run.resumed else ""
    return f"{verb} {run.rows:,} texts in {seconds:,.1f} s{speed}.{resumed} The results are in {str(output)!r}."


def work_of(recipe: Recipe, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything except the rows that results depend on, by names for messages.

    Args:
        recipe: The preset.
        options: The options of the command, by their names.
    """
    return {"fingerprint of the preset": _fingerprint(recipe), **options, **_versions(recipe)}


def _fingerprint(recipe: Recipe) -> str:
    """Return a hash of the files that loading reads, an adapter's included, wherever they are."""
    found = hashlib.sha256()
    read = [(recipe.files, weights_of(recipe))]
    if recipe.adapter is not None:
        read.append((recipe.adapter.files, (adapter.WEIGHTS,)))
    for files, weights in read:
        there = [name for name in weights if name in files]
        bring_weights(files, there, Budget())
        loaded = {file for name in there for file in weight_files(files, name)}
        for name in sorted(files.names()):
            content = name in loaded or name.endswith(_CONFIGS) or name.startswith(ASSETS)
            if content or name.endswith(_WEIGHTS):
                found.update(f"{name}\0{files.size(name)}\0".encode())
            if content:
                with files.path(name).open("rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()[:16]


def _versions(recipe: Recipe) -> dict[str, str | None]:
    return {name: _version(name) for name in sorted(set(_distributions(recipe)))}


def _distributions(recipe: Recipe) -> Iterator[str]:
    yield from ("modelry", "keras", "tokenizers", backend())
    yield find_entry(recipe, recipe.backbone).distribution
    for text in recipe.requires:
        yield Requirement(text).name


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:  # registered by the program itself
        return None
