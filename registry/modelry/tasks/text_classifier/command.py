"""`modelry classify`: labels for texts from arguments, standard input or files."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelry.cli.output import add_row, is_terminal, new_table, print_json, print_row, print_table
from modelry.errors import PresetChanged, PresetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from modelry.cli.file_run import FileOptions
    from modelry.cli.inputs import Row
    from modelry.presets.recipe import Recipe
    from modelry.tasks.text_classifier.columns import Choice, ResultColumns, Scores

    Printer = Callable[[Sequence[Row], Sequence[Scores]], None]

_BATCH_SIZE = 32  # texts, as in `TextClassifier.classify`
_CHUNK = 8  # batches; enough to group texts of similar length, few enough to see results soon
_WIDEST_LABEL = 32  # characters


def classify(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="A built-in name, folder or URI.")],
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="The texts. Without any, or with '-', one per line of stdin."),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(min=1, help="Labels per text. Default: the best one, or with several labels the likely ones."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least probability of a label. Default with several labels: 0.5.")
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
        typer.Option(metavar="FILE", help="The file for its rows with labels, in any of these formats."),
    ] = None,
    text_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The column of texts. Default: 'text', or the only column of strings."),
    ] = None,
    pair_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The column of second texts, to classify pairs.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="A prefix for the names of added columns.")] = "",
    restart: Annotated[bool, typer.Option("--restart", help="Discard the results of an interrupted run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --output if it exists.")] = False,
) -> None:
    """Classify texts.

    Prints a table on a terminal, and lines of label, score and text, separated by tabs, when piped. A blank line of
    stdin is an empty text, so the results stay aligned with the lines.

    With --input and --output, classifies the rows of a file of any size. After an interruption, the same command
    continues.
    """
    if input_ not in (None, "-"):
        if texts or pair or as_json or output is None:
            raise typer.BadParameter(
                "takes --output FILE, and no TEXT, --pair (use --pair-column) or --json (let --output end in .jsonl).",
                param_hint="--input",
            )
        from modelry.cli.file_run import FileOptions

        recipe = _check_preset(preset)
        choice = _choice(recipe, top_k, threshold)
        files = FileOptions(Path(input_), output, text_column, pair_column, prefix, restart, overwrite)
        _classify_file(preset, recipe, choice, batch_size, files)
        return
    if any((output, text_column, pair_column, prefix, restart, overwrite)):
        raise typer.BadParameter(
            "is missing: --output, --text-column, --pair-column, --prefix, --restart and --overwrite go with a file.",
            param_hint="--input",
        )
    chunks = _chunks(texts or [], batch_size, pair)
    recipe = _check_preset(preset)
    choice = _choice(recipe, top_k, threshold)
    first = next(chunks, None)
    if first is not None:  # without input, there is no output
        _classify_texts(preset, recipe, itertools.chain([first], chunks), choice, batch_size, as_json)


def _chunks(texts: list[str], batch_size: int, pair: bool) -> Iterator[list[Row]]:
    from modelry.cli.inputs import from_arguments, from_stdin

    if texts in ([], ["-"]):
        if sys.stdin is not None and sys.stdin.isatty():
            typer.echo("Reading one text per line; Ctrl-D ends.", err=True)
        return from_stdin(batch_size * _CHUNK, pair)
    if pair and len(texts) != 2:
        raise typer.BadParameter(f"--pair takes two, but there are {len(texts)}.", param_hint="TEXT")
    return iter([from_arguments(texts, pair)])


def _check_preset(preset: str) -> Recipe:
    """Read a preset, with every check that needs no import of Keras, which takes seconds."""
    from modelry.presets.components import check_requirements, find_entry
    from modelry.presets.read import read_recipe
    from modelry.tasks.text_classifier.spec import TextClassifierSpec, is_trained

    recipe = read_recipe(preset)
    check_requirements(recipe)
    if recipe.task is None or recipe.task.short_name != TextClassifierSpec.name or not is_trained(recipe.task):
        raise PresetError(
            f"Preset {recipe.files.reference!r} has no trained classifier, so it cannot label texts yet. "
            "Train one on it with TextClassifier.from_preset(…, num_classes=…).fit(…), and save that."
        )
    find_entry(recipe, recipe.backbone)
    return recipe


def _choice(recipe: Recipe, top_k: int | None, threshold: float | None) -> Choice:
    """Return the labels that the user wants; a preset that predicts numbers has none to choose from."""
    from modelry.tasks.text_classifier.columns import Choice, problem_type_of_preset
    from modelry.tasks.text_classifier.spec import REGRESSION, SINGLE_LABEL

    problem_type = problem_type_of_preset(recipe)
    if problem_type == REGRESSION and (top_k, threshold) != (None, None):
        raise typer.BadParameter(
            f"chooses labels, but preset {recipe.files.reference!r} predicts numbers.",
            param_hint="--threshold" if top_k is None else "--top-k",
        )
    return Choice(1 if top_k is None and problem_type == SINGLE_LABEL else top_k, threshold)


def _classify_file(preset: str, recipe: Recipe, choice: Choice, batch_size: int, files: FileOptions) -> None:
    from modelry.cli.file_run import FileTask, run_on_file
    from modelry.tasks.text_classifier.columns import result_columns

    columns = result_columns(recipe, choice, files.nested)

    def load() -> Any:
        classifier = _load(preset, recipe)
        options = {"batch_size": batch_size, **choice.options()}
        return lambda texts: columns.values(classifier.classify(texts if len(texts) > 1 else texts[0], **options))

    options = {"--batch-size": batch_size, "--top-k": choice.top_k, "--threshold": choice.threshold}
    run_on_file(preset, recipe, FileTask(("Classifying", "Classified"), columns.kinds, load, options), files)


def _classify_texts(
    preset: str, recipe: Recipe, chunks: Iterator[list[Row]], choice: Choice, batch_size: int, as_json: bool
) -> None:
    from modelry._progress import progress
    from modelry.tasks.text_classifier.columns import problem_type_of_preset, result_columns
    from modelry.tasks.text_classifier.spec import score_names

    with progress(f"Loading {preset}"):
        classifier = _load(preset, recipe)
    labels = score_names(problem_type_of_preset(recipe), classifier.labels, classifier.num_classes)
    print_chunk = printer(labels, result_columns(recipe, choice, nested=True) if as_json else None)
    done = 0
    # On a terminal the results scroll by, and a counter would only interrupt them.
    with progress("Classifying", wanted=not is_terminal()) as show:
        for rows in chunks:
            columns: Any = [list(column) for column in zip(*rows, strict=True)]
            inputs = columns[0] if len(columns) == 1 else tuple(columns)
            print_chunk(rows, classifier.classify(inputs, batch_size=batch_size, **choice.options()))
            done += len(rows)
            show(f"Classified {done:,} texts")


def _load(preset: str, recipe: Recipe) -> Any:
    """Load the classifier of a preset whose labels have been read before, for the columns of results."""
    from modelry.tasks.text_classifier import TextClassifier
    from modelry.tasks.text_classifier.columns import problem_type_of_preset

    classifier = TextClassifier.from_preset(preset, compile=False)
    assert recipe.task is not None  # checked before
    labels = recipe.task.facts.get("labels")
    if classifier.problem_type != problem_type_of_preset(recipe) or (labels and tuple(labels) != classifier.labels):
        raise PresetChanged(
            f"Preset {recipe.files.reference!r} was replaced while it was read: its labels are others now. Run the "
            "command again."
        )
    return classifier


def printer(labels: Sequence[str], columns: ResultColumns | None = None) -> Printer:
    """Return the function that prints the results of one chunk.

    Args:
        labels: All possible labels: a table that is printed in pieces needs their widths in advance.
        columns: The columns of JSON Lines, if these are to be printed.
    """
    if columns is not None:
        return lambda rows, results: _print_objects(columns, rows, results)
    return _Tables(labels) if is_terminal() else _print_lines


def _print_objects(columns: ResultColumns, rows: Sequence[Row], results: Sequence[Scores]) -> None:
    values = columns.values(results)
    for row, *cells in zip(rows, *values.values(), strict=True):
        texts = dict(zip(("text", "text_pair"), row, strict=False))
        print_json({**texts, **dict(zip(values, cells, strict=True))}, indent=None)
    sys.stdout.flush()


def _print_lines(rows: Sequence[Row], results: Sequence[Scores]) -> None:
    for row, scores in zip(rows, results, strict=True):
        for cells in _cells(scores):
            print_row((*cells, *row))
    sys.stdout.flush()


def _cells(scores: Scores) -> list[tuple[str, str]]:
    """Return each label with its score; a text without labels keeps one line."""
    return [(label, f"{score:.4f}") for label, score in scores] or [("", "")]


class _Tables:
    """Prints each chunk as a part of one table, with the header above the first."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._width = min(_WIDEST_LABEL, max(map(len, ("Label", *labels))))
        self._started = False

    def __call__(self, rows: Sequence[Row], results: Sequence[Scores]) -> None:
        table = new_table(show_header=not self._started)
        table.add_column("Label", width=self._width, overflow="ellipsis", no_wrap=True)
        table.add_column("Score", min_width=6)
        for name in ("Text", "Second text")[: len(rows[0])]:
            table.add_column(name, ratio=1, overflow="fold")
        for row, scores in zip(rows, results, strict=True):
            texts: tuple[str, ...] = row
            for cells in _cells(scores):
                add_row(table, (*cells, *texts))
                texts = ()  # a text is not repeated next to its further labels
        print_table(table)
        self._started = True
