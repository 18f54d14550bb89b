"""Stored measurements, so that groups of rows can be measured one at a time."""

from __future__ import annotations

import datetime
import json
from statistics import median
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from pathlib import Path

    from measure import Figures

Groups = dict[str, dict[str, Any]]


@attrs.frozen
class Results:
    """The groups that were measured, by name, each with its figures, its date, and what it ran on.

    Attributes:
        groups: name → `figures`, `runs`, `date`, `machine`, `versions`.
    """

    groups: Groups = attrs.field(factory=dict)

    @classmethod
    def read(cls, file: Path) -> Results:
        """Read a file; one that is not there holds nothing yet."""
        return cls(json.loads(file.read_text("utf-8")) if file.exists() else {})

    def write(self, file: Path) -> None:
        """Write them, in an order that does not depend on when they were measured."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.groups, indent=1, sort_keys=True) + "\n", "utf-8")

    def put(self, group: str, figures: Figures, machine: str, versions: dict[str, str]) -> None:
        """Store what was measured in place of what the group had."""
        rounded = {
            figure: {side: [float(f"{number:.5g}") for number in numbers] for side, numbers in sides.items()}
            for figure, sides in figures.items()
        }
        runs = min(len(numbers) for sides in figures.values() for numbers in sides.values())
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        self.groups[group] = {
            "figures": rounded,
            "runs": runs,
            "date": today,
            "machine": machine,
            "versions": versions,
        }

    def figures(self, group: str) -> Figures:
        """Return the figures of a group, none if it was not measured."""
        found: Figures = self.groups.get(group, {}).get("figures", {})
        return found

    def median(self, group: str, figure: str, side: str) -> float | None:
        """Return the median over the runs, or `None` if it was not measured."""
        numbers = self.figures(group).get(figure, {}).get(side)
        return median(numbers) if numbers else None
