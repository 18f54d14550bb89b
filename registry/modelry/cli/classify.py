"""`modelry classify`: texts in, labels out."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelry.cli.output import is_terminal
from modelry.errors import PresetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.cli.added import Choice
    from modelry.cli.inputs import Row
    from modelry.presets.recipe import Recipe

_BATCH_SIZE = 32  # texts, as in `TextClassifier.classify`
_CHUNK = 8  # batches; enough to put texts of like length together, few enough to see results soon


def classify(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="A built-in name, folder or URI.")],
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="The texts. Without any, or with '-', one per line of stdin."),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(min=1, help="Labels for each text; else the best one, or all of several that are likely enough."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least probability of a label; of several, 0.5 by default.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts per batch.")] = _BATCH_SIZE,
    pair: Annotated[
        bool, typer.Option("--pair", help="Classify pairs: TEXT TEXT, or two texts per line with a tab between.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    input_: Annotated[
        str | None, typer.Option("--input", metavar="FILE", help="A .csv, .tsv, .jsonl or .parquet file of texts.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where its rows go, with labels; any of the formats."),
    ] = None,
    text_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The column of texts; else 'text', or the only one of strings.")
    ] = None,
    pair_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The column of second texts, to classify pairs.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Put before the names of the columns that are added.")] = "",
    restart: Annotated[bool, typer.Option("--restart", help="Forget what an interrupted run has done.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --output if it exists.")] = False,
) -> None:
    """Classify texts.

    Prints a table on a terminal, and lines of label, score and text, separated by tabs, when piped. A blank line of
    stdin is an empty text, so the results stay aligned with the lines.

    With --input and --output, classifies the rows of a file of any size. When it is interrupted, the same command goes
    on where it stopped.
    """
    from modelry.cli.inputs import from_arguments, from_stdin

    of_files = (output, text_column, pair_column, prefix, restart, overwrite)
    if input_ not in (None, "-"):
        if texts or pair or as_json or output is None:
            raise typer.BadParameter(
                "takes --output FILE, and no TEXT, --pair (use --pair-column) or --json (let --output end in .jsonl).",
                param_hint="--input",
            )
        from modelry.cli.classify_file import FileJob, classify_file

        recipe = _check_preset(preset)
        choice = _choice(recipe, top_k, threshold)
        job = FileJob(Path(input_), output, text_column, pair_column, prefix, choice, batch_size, restart, overwrite)
        classify_file(preset, recipe, job)
        return
    if any(of_files):
        raise typer.BadParameter(
            "is missing: --output, --text-column, --pair-column, --prefix, --restart and --overwrite go with a file.",
            param_hint="--input",
        )
    if texts in (None, [], ["-"]):
        if sys.stdin is not None and sys.stdin.isatty():
            typer.echo("Reading one text per line; Ctrl-D ends.", err=True)
        chunks: Iterator[list[Row]] = from_stdin(batch_size * _CHUNK, pair)
    else:
        given = texts or []
        if pair and len(given) != 2:
            raise typer.BadParameter(f"--pair takes two, but there are {len(given)}.", param_hint="TEXT")
        chunks = iter([from_arguments(given, pair)])
    recipe = _check_preset(preset)
    choice = _choice(recipe, top_k, threshold)
    first = next(chunks, None)
    if first is not None:  # nothing in, nothing out
        _classify(preset, recipe, itertools.chain([first], chunks), choice, batch_size, as_json)


def _check_preset(preset: str) -> Recipe:
    """Find out what is wrong with a preset before seconds go into importing Keras."""
    from modelry.presets.components import check_requirements, find_entry
    from modelry.presets.read import read_recipe

    recipe = read_recipe(preset)
    check_requirements(recipe)
    if recipe.task is None or recipe.task_weights is None or "num_classes" not in recipe.task.config:
        raise PresetError(
            f"Preset {recipe.files.reference!r} has no trained classifier, so it cannot label texts yet. "
            "Train one on it with TextClassifier.from_preset(…, num_classes=…).fit(…), and save that."
        )
    find_entry(recipe, recipe.backbone)
    return recipe


def _choice(recipe: Recipe, top_k: int | None, threshold: float | None) -> Choice:
    """Return which labels are wanted, which a preset that predicts numbers has none of."""
    from modelry.cli.added import Choice
    from modelry.tasks.text_classifier.problem_types import REGRESSION, SINGLE_LABEL

    if recipe.meaning == REGRESSION and (top_k, threshold) != (None, None):
        raise typer.BadParameter(
            f"chooses labels, but preset {recipe.files.reference!r} predicts numbers.",
            param_hint="--threshold" if top_k is None else "--top-k",
        )
    return Choice(1 if top_k is None and recipe.meaning == SINGLE_LABEL else top_k, threshold)


def _classify(
    preset: str, recipe: Recipe, chunks: Iterator[list[Row]], choice: Choice, batch_size: int, as_json: bool
) -> None:
    from modelry._progress import progress
    from modelry.cli.added import added_by
    from modelry.cli.results import printer
    from modelry.tasks.text_classifier.problem_types import score_names

    with progress(f"Loading {preset}"):
        from modelry import TextClassifier

        classifier = TextClassifier.from_preset(preset, compile=False)
    labels = score_names(recipe.meaning, classifier.labels, classifier.num_classes)
    print_chunk = printer(labels, added_by(recipe, choice, nested=True) if as_json else None)
    done = 0
    # Where the results themselves scroll by, a counter would only get between them.
    with progress("Classifying", wanted=not is_terminal()) as tell:
        for rows in chunks:
            print_chunk(rows, classifier.classify(_columns(rows), batch_size=batch_size, **choice.options()))
            done += len(rows)
            tell(f"Classified {done:,} texts")


def _columns(rows: list[Row]) -> Any:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns[0] if len(columns) == 1 else tuple(columns)
