"""Runs in which the sides take turns, so that a machine that slows down slows all of them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from pathlib import Path

    from workers import Pythons

    from presets import Presets

# what is measured → side → one number for each run
Figures = dict[str, dict[str, list[float]]]
Measurement = Callable[[], Mapping[str, float]]


@attrs.frozen
class Setting:
    """Settings shared by all groups of rows.

    Attributes:
        pythons: Starts the sides.
        presets: The models.
        cache: A folder for texts and other files that can be recreated.
        runs: The number of times each side is measured.
        quick: True to try the programs out, on a tiny model and few texts.
    """

    pythons: Pythons
    presets: Presets
    cache: Path
    runs: int
    quick: bool

    def model(self, name: str) -> str:
        """Return the name of the preset to use."""
        return "tiny" if self.quick else name

    def count(self, number: int) -> int:
        """Return how many texts to use."""
        return max(8, number // 32) if self.quick else number


def alternate(runs: int, measurements: Mapping[str, Measurement]) -> Figures:
    """Take each measurement once in a run, run after run, the sides in turn.

    Args:
        runs: The number of runs.
        measurements: For each side, what measures it once and returns numbers by their figure.
    """
    figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in range(runs):
        for side, measurement in measurements.items():
            start = time.perf_counter()
            numbers = measurement()
            shown = ", ".join(f"{figure} {number:.4g}" for figure, number in numbers.items())
            print(f"  run {run + 1}/{runs} {side}: {shown} ({time.perf_counter() - start:.1f} s)", flush=True)
            for figure, number in numbers.items():
                figures[figure][side].append(number)
    return {figure: dict(sides) for figure, sides in figures.items()}


def merged(*parts: Figures) -> Figures:
    """Return the figures of several rounds as one."""
    return {figure: sides for part in parts for figure, sides in part.items()}


def warm_up(measurements: Mapping[str, Measurement]) -> None:
    """Take each measurement once and forget it: what is compiled or cached then is."""
    for measurement in measurements.values():
        measurement()


def rate(figure: str, worker: Any, do: str, count: int, **job: Any) -> Measurement:
    """Return a measurement of how many texts a second a side gets done."""
    return lambda: {figure: count / worker.ask(do, count=count, **job)["seconds"]}
