"""Measure whether a claim of the plan holds, and show the measurements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from plan import Claim


@attrs.frozen
class Comparison:
    """What was measured for one claim.

    Attributes:
        claim: The claim.
        compared: How many numbers were compared.
        difference: The greatest difference; of integers, how many differ.
        problem: What prevented a comparison, or is wrong with it.
    """

    claim: Claim
    compared: int = 0
    difference: float = 0.0
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether the claim holds."""
        return not self.problem and self.difference <= self.claim.tolerance


def compare(claim: Claim, folder: Path) -> Comparison:
    """Compare the arrays of two jobs, or check that a job was refused."""
    errors = [_error(folder, job) for job in claim.jobs]
    if claim.refused:
        found = errors[-1]
        if found is None:
            return Comparison(claim, problem="was loaded, but must be refused")
        missing = [word for word in claim.refused if word not in found]
        return Comparison(claim, compared=1, problem=f"refused with: {found[:200]}" if missing else "")
    for job, error in zip(claim.jobs, errors, strict=True):
        if error is not None:
            return Comparison(claim, problem=f"{job}: {error[:300]}")
    first, second = (np.load(folder / f"{job}.npz") for job in claim.jobs)
    names = [(theirs, ours) for theirs, ours in claim.arrays.items() if theirs in first.files and ours in second.files]
    if len(names) != len(claim.arrays):
        return Comparison(claim, problem=f"nothing to compare: {sorted(set(claim.arrays) - set(first.files))}")
    compared, difference = 0, 0.0
    for theirs, ours in names:
        one, other = first[theirs], second[ours]
        if one.shape != other.shape:
            return Comparison(claim, compared, problem=f"{theirs} is {one.shape}, {ours} is {other.shape}")
        compared += one.size
        if (
            claim.cell
            and claim.tolerance
            and float(one.astype("float64").std(axis=0).max(initial=0.0)) < 10 * claim.tolerance
        ):
            return Comparison(claim, compared, problem=f"{theirs} hardly differ from row to row, so they show nothing")
        if one.dtype.kind in "fV":
            gap = np.abs(one.astype("float64") - other.astype("float64"))
            difference = max(difference, float(gap.max(initial=0.0)) if np.isfinite(gap).all() else np.inf)
        else:
            difference += float((one != other).sum())
    return Comparison(claim, compared, difference)


def table(comparisons: list[Comparison]) -> str:
    """Return the measurements, one line for each claim."""
    width = max(len(one.claim.text) for one in comparisons)
    lines = [f"{'':5}{'claim':{width}}  {'numbers':>9}  {'difference':>10}  {'allowed':>8}"]
    for one in comparisons:
        mark = "ok" if one.holds else "FAIL"
        numbers = f"{one.compared:>9,}  {one.difference:>10.2g}  {one.claim.tolerance:>8.2g}"
        lines.append(f"{mark:5}{one.claim.text:{width}}  {numbers}  {one.problem}".rstrip())
    failed = sum(not one.holds for one in comparisons)
    return "\n".join([*lines, f"{len(comparisons) - failed} of {len(comparisons)} claims hold.\n"])


def _error(folder: Path, job: str) -> str | None:
    out, _, name = job.partition("/")
    error = json.loads((folder / out / "results.json").read_text("utf-8"))[name]["error"]
    return None if error is None else f"{error['type']}: {error['message']}"
