"""The columns that classifying adds to a table."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import InputError
from modelry.tables.kinds import FLOAT, JSON, TEXT
from modelry.tasks.text_classifier.problem_types import MULTI_LABEL, REGRESSION, score_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelry.presets.recipe import Recipe

    Results = Sequence[Sequence[tuple[str, float]]]  # for each row, names and scores


@attrs.frozen
class Choice:
    """Which labels are wanted.

    Attributes:
        top_k: How many, or `None` for what `classify` returns without being told.
        threshold: Their least probability, or `None` for its default.
    """

    top_k: int | None
    threshold: float | None = None

    def options(self) -> dict[str, Any]:
        """Return the options of `TextClassifier.classify`."""
        options: dict[str, Any] = {"top_k": "auto" if self.top_k is None else self.top_k}
        return options if self.threshold is None else {**options, "threshold": self.threshold}


def added_by(recipe: Recipe, choice: Choice, nested: bool, prefix: str = "") -> Added:
    """Return what a classifier adds.

    Args:
        recipe: Its preset.
        choice: Which labels are wanted.
        nested: Whether rows are objects.
        prefix: What stands before every name.
    """
    count = 1 if recipe.task is None else int(recipe.task.config["num_classes"])
    if recipe.meaning == REGRESSION:
        return Numbers(prefix, score_names(REGRESSION, None, count))
    if recipe.meaning == MULTI_LABEL and choice.top_k is None:
        return LabelSets(prefix)
    return BestLabels(prefix, min(choice.top_k or 1, count), nested)  # a preset may have fewer than were asked for


@attrs.frozen
class Added(abc.ABC):
    """Columns that come after those of the table.

    Attributes:
        prefix: What stands before every name.
    """

    prefix: str

    @abc.abstractmethod
    def kinds(self) -> dict[str, str]:
        """Return the names of the columns, and the kinds of their values."""

    @abc.abstractmethod
    def columns(self, results: Results) -> dict[str, list[Any]]:
        """Return the columns for the results of some rows."""

    def check(self, columns: Iterable[str], where: str) -> None:
        """Check that a table has no column of these names yet.

        Raises:
            InputError: It has.
        """
        kinds = self.kinds()
        taken = next((name for name in columns if name in kinds), None)
        if taken is not None:
            raise InputError(
                f"{where} already has a column {taken!r}. Give the columns that are added other names with --prefix, "
                f"such as --prefix predicted_ for {f'predicted_{taken}'!r}."
            )


@attrs.frozen
class BestLabels(Added):
    """`label` and `score`; for more labels `label_2`, `score_2` and so on, or where rows are objects the list `top_k`.

    A label that is not there, because a threshold keeps it out, is missing.

    Attributes:
        count: How many labels each row gets.
        nested: Whether rows are objects.
    """

    count: int
    nested: bool

    def kinds(self) -> dict[str, str]:
        """Return the names of the columns, and the kinds of their values."""
        kinds = {name: kind for names in self._names() for name, kind in zip(names, (TEXT, FLOAT), strict=True)}
        return kinds | ({f"{self.prefix}top_k": JSON} if self._has_list else {})

    def columns(self, results: Results) -> dict[str, list[Any]]:
        """Return the columns for the best labels of some rows."""
        columns: dict[str, list[Any]] = {}
        for place, (label, score) in enumerate(self._names()):
            pairs = [row[place] if place < len(row) else (None, None) for row in results]
            columns[label], columns[score] = ([pair[which] for pair in pairs] for which in (0, 1))
        if self._has_list:
            columns[f"{self.prefix}top_k"] = [objects(row) for row in results]
        return columns

    @property
    def _has_list(self) -> bool:
        return self.nested and self.count > 1

    def _names(self) -> list[tuple[str, str]]:
        places = range(1, 2 if self.nested else self.count + 1)
        endings = ["" if place == 1 else f"_{place}" for place in places]
        return [(f"{self.prefix}label{ending}", f"{self.prefix}score{ending}") for ending in endings]


@attrs.frozen
class LabelSets(Added):
    """`labels`, the list of those that a row has, each with its score."""

    def kinds(self) -> dict[str, str]:
        """Return the name of the column, and the kind of its values."""
        return {f"{self.prefix}labels": JSON}

    def columns(self, results: Results) -> dict[str, list[Any]]:
        """Return the column for the labels of some rows."""
        return {f"{self.prefix}labels": [objects(row) for row in results]}


@attrs.frozen
class Numbers(Added):
    """`value`, or `value_0` and so on, of a regression.

    Attributes:
        names: What the numbers are called.
    """

    names: Sequence[str]

    def kinds(self) -> dict[str, str]:
        """Return the names of the columns, and the kinds of their values."""
        return {f"{self.prefix}{name}": FLOAT for name in self.names}

    def columns(self, results: Results) -> dict[str, list[Any]]:
        """Return the columns for what was predicted for some rows."""
        return {f"{self.prefix}{name}": [row[place][1] for row in results] for place, name in enumerate(self.names)}


def objects(row: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    """Return labels and scores as JSON has them."""
    return [{"label": label, "score": score} for label, score in row]
