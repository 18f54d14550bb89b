"""The table of architectures in docs/compatibility.md, written from what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo_plan import DIRECTIONS

if TYPE_CHECKING:
    from compare import Comparison

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
START, END = "<!-- parity: written by `nox -s parity` -->", "<!-- end of parity -->"


def write_compatibility(comparisons: list[Comparison]) -> None:
    """Replace the rows of these architectures in the table between the two marks of the page."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(START)
    table, _, after = rest.partition(END)
    rows = {_first_cell(line): line for line in (*table.split("\n"), *table_of(comparisons).split("\n")) if line}
    PAGE.write_text("\n".join([before + START, "", *rows.values(), "", END + after]), "utf-8")


def table_of(comparisons: list[Comparison]) -> str:
    """Return a Markdown table: architectures by directions, and in each cell what was measured."""
    cells: dict[tuple[str, str], list[Comparison]] = {}
    for one in comparisons:
        if one.claim.cell is not None:
            cells.setdefault(one.claim.cell[:2], []).append(one)
    names = list(dict.fromkeys(name for name, _ in cells))
    rows = [["architecture", *DIRECTIONS], ["---"] * (len(DIRECTIONS) + 1)]
    rows += [[name, *(_cell(cells.get((name, direction), [])) for direction in DIRECTIONS)] for name in names]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _first_cell(row: str) -> str:
    return row.split("|")[1].strip()


def _cell(comparisons: list[Comparison]) -> str:
    if not comparisons:
        return "—"
    failed = [one for one in comparisons if not one.holds]
    if failed:
        return f"**{len(failed)} of {len(comparisons)} claims fail**"
    configurations = {one.claim.cell[2] for one in comparisons if one.claim.cell}
    differences = [one.difference for one in comparisons if one.claim.tolerance]
    greatest = max(differences)
    told = f"≤ {greatest:.0e}" if greatest else "equal"
    return f"{len(configurations)} of {len(configurations)}, {told}"
