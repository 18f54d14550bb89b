"""Columns for the results of a classifier: in files, and in JSON on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from modelry.tables.table import FLOAT, JSON, TEXT
from modelry.tasks.text_classifier.spec import MULTI_LABEL, REGRESSION, problem_type_in, score_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelry.presets.recipe import Recipe

    Scores = Sequence[tuple[str, float]]  # labels and their scores, best first; names and numbers of a regression
    ToColumns = Callable[[Sequence[Scores]], Mapping[str, Sequence[Any]]]


@attrs.frozen
class Choice:
    """The labels that a user wants.

    Attributes:
        top_k: How many, or `None` for the default of `TextClassifier.classify`.
        threshold: Their least probability, or `None` for the default.
    """

    top_k: int | None
    threshold: float | None = None

    def options(self) -> dict[str, Any]:
        """Return the options of `TextClassifier.classify`."""
        options: dict[str, Any] = {"top_k": "auto" if self.top_k is None else self.top_k}
        return options if self.threshold is None else {**options, "threshold": self.threshold}


@attrs.frozen
class ResultColumns:
    """The columns that hold results.

    Attributes:
        kinds: Their names, and the kinds of their values; see `modelry.tables.table`.
        values: Returns their values for the results of `TextClassifier.classify`.
    """

    kinds: Mapping[str, str]
    values: ToColumns


def problem_type_of_preset(recipe: Recipe) -> str:
    """Return the problem type of the classifier that a preset holds."""
    assert recipe.task is not None  # checked before
    return problem_type_in(recipe.task)


def result_columns(recipe: Recipe, choice: Choice, nested: bool) -> ResultColumns:
    """Return the columns for the results of a classifier.

    Args:
        recipe: Its preset.
        choice: The labels that the user wants.
        nested: Whether rows are JSON objects, which can hold lists.
    """
    count = 1 if recipe.task is None else int(recipe.task.config["num_classes"])
    problem_type = problem_type_of_preset(recipe)
    if problem_type == REGRESSION:
        return numbers(score_names(REGRESSION, None, count))
    if problem_type == MULTI_LABEL and choice.top_k is None:
        return ResultColumns({"labels": JSON}, lambda results: {"labels": list(map(as_objects, results))})
    return best_labels(min(choice.top_k or 1, count), nested)  # a preset may have fewer labels than requested


def best_labels(count: int, nested: bool) -> ResultColumns:
    """Return `label` and `score`; for several labels also `label_2`, `score_2` and so on, or the list `top_k`.

    A label that a threshold removes is null.

    Args:
        count: The number of labels per row.
        nested: Whether rows are JSON objects, which get the list.
    """
    endings = [""] if nested else ["", *(f"_{rank}" for rank in range(2, count + 1))]

    def values(results: Sequence[Scores]) -> dict[str, list[Any]]:
        columns: dict[str, list[Any]] = {}
        for rank, ending in enumerate(endings):
            pairs = [scores[rank] if rank < len(scores) else (None, None) for scores in results]
            columns[f"label{ending}"] = [label for label, _ in pairs]
            columns[f"score{ending}"] = [score for _, score in pairs]
        return columns | ({"top_k": list(map(as_objects, results))} if "top_k" in kinds else {})

    kinds = {f"{name}{ending}": kind for ending in endings for name, kind in (("label", TEXT), ("score", FLOAT))}
    if nested and count > 1:
        kinds["top_k"] = JSON
    return ResultColumns(kinds, values)


def numbers(names: Sequence[str]) -> ResultColumns:
    """Return a column for each number that a regression predicts."""
    return ResultColumns(
        dict.fromkeys(names, FLOAT),
        lambda results: {name: [row[index][1] for row in results] for index, name in enumerate(names)},
    )


def as_objects(scores: Scores) -> list[dict[str, Any]]:
    """Return labels with their scores as JSON objects."""
    return [{"label": label, "score": score} for label, score in scores]
