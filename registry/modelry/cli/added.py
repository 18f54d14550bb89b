"""The columns that classifying adds to a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import InputError
from modelry.tables.kinds import FLOAT, JSON, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@attrs.frozen
class Added:
    """`label` and `score`; for more labels `label_2`, `score_2` and so on, or where rows are objects the list `top_k`.

    Attributes:
        count: How many labels each row gets.
        nested: Whether rows are objects.
        prefix: What stands before every name.
    """

    count: int
    nested: bool
    prefix: str

    def kinds(self) -> dict[str, str]:
        """Return the names of the columns, and the kinds of their values."""
        kinds = {name: kind for names in self._names() for name, kind in zip(names, (TEXT, FLOAT), strict=True)}
        return kinds | ({f"{self.prefix}top_k": JSON} if self._has_list else {})

    def columns(self, best: Sequence[Sequence[tuple[str, float]]]) -> dict[str, list[Any]]:
        """Return the columns for the best labels of some rows."""
        columns: dict[str, list[Any]] = {}
        for place, (label, score) in enumerate(self._names()):
            columns[label] = [row[place][0] for row in best]
            columns[score] = [row[place][1] for row in best]
        if self._has_list:
            columns[f"{self.prefix}top_k"] = [
                [{"label": label, "score": score} for label, score in row] for row in best
            ]
        return columns

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

    @property
    def _has_list(self) -> bool:
        return self.nested and self.count > 1

    def _names(self) -> list[tuple[str, str]]:
        places = range(1, 2 if self.nested else self.count + 1)
        endings = ["" if place == 1 else f"_{place}" for place in places]
        return [(f"{self.prefix}label{ending}", f"{self.prefix}score{ending}") for ending in endings]
