"""The table of all rows, and its place in `docs/benchmarks.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from rows import GROUPS, LOOP, PEERS, ROWS, Row
from workers import OURS

if TYPE_CHECKING:
    from pathlib import Path

    from results import Results

NOTHING = "–"  # noqa: RUF001 - a dash, as in any table
BEGIN, END = "<!-- results: begin -->\n", "<!-- results: end -->\n"
PICTURES = {
    "predict": "Time to predict by number of texts",
    "index": "Time of the first look-up by number of plugins",
    "load": "Time to load by size",
}
HEADER = ("Work", "modelry, jax", "modelry, torch", "Compared with", "Its figure", "Ratio jax", "torch", "Bar", "Met")


@attrs.frozen
class Line:
    """A row with what was measured.

    Attributes:
        row: The row.
        ours: The median of each backend, or `None`.
        theirs: The peer's median, or `None`.
    """

    row: Row
    ours: dict[str, float | None]
    theirs: float | None

    @property
    def ratios(self) -> dict[str, float | None]:
        """The ratio of each backend."""
        return {
            side: None if value is None else self.row.ratio(value, self.theirs) for side, value in self.ours.items()
        }

    @property
    def verdict(self) -> str:
        """`met` or `missed`, and what else there is to say."""
        if self.row.bar is None:
            return NOTHING
        found = {side: ratio for side in self.row.judged if (ratio := self.ratios[side]) is not None}
        if not found:
            return "not measured"
        side = (min if self.row.at_most else max)(found, key=lambda one: found[one])
        met = found[side] <= self.row.bar if self.row.at_most else found[side] >= self.row.bar
        which = f", {side.removeprefix('modelry-')}" if len(self.row.judged) > 1 else ""
        return f"met{which}" if met else f"**missed**{which}"


def lines(results: Results) -> list[Line]:
    """Return every row, measured or not."""
    found = []
    for row in ROWS:
        ours = {side: results.median(row.group, row.figure, side) for side in OURS}
        theirs = None if row.peer is None else results.median(row.group, row.figure, row.peer)
        found.append(Line(row, ours, theirs))
    return found


def table(results: Results) -> str:
    """Return the table as Markdown."""
    cells = [_cells(line) for line in lines(results)]
    rows = [HEADER, tuple("---" for _ in HEADER), *cells]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows).replace("| --- ", "|---").replace("|--- |", "|---|")


def section(results: Results) -> str:
    """Return the generated section: the table, its tally, and what everything ran on."""
    verdicts = [line.verdict for line in lines(results) if line.row.bar is not None]
    met = sum(verdict.startswith("met") for verdict in verdicts)
    missed = sum("missed" in verdict for verdict in verdicts)
    tally = f"{len(verdicts)} rows have a bar: {met} met, {missed} missed, {len(verdicts) - met - missed} not measured."
    pictures = [f"![{text}](img/growth-{what}.svg)" for what, text in PICTURES.items()]
    shown = [*pictures, ""] if "growth" in results.groups else []
    return "\n".join([table(results), tally, "", *shown, *_contexts(results)])


def write_section(page: Path, results: Results) -> None:
    """Put the generated section between its two marks, and leave the rest of the page alone."""
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} lacks the lines {BEGIN.strip()} and {END.strip()}, between which the table goes.")
    page.write_text(f"{before}{BEGIN}\n{section(results)}\n{END}{after}", "utf-8")


def _cells(line: Line) -> tuple[str, ...]:
    row = line.row
    peer = NOTHING if row.peer is None else PEERS[row.peer]
    if row.peer == "transformers" and row.group in LOOP:
        peer = "transformers, loop sorted by length"
    elif row.peer == "transformers" and row.group == "fit":
        peer = "transformers, loop with dynamic padding"
    ratios = [NOTHING if row.peer is None else _ratio(line.ratios[side]) for side in OURS]
    if row.bar is None:
        bar = NOTHING
    else:
        sign = "≤" if row.at_most else "≥"
        plain = "x" if row.peer or row.unit == "x" else f" {row.unit}"
        bar = f"{sign} {row.bar:.0%}" if row.unit == "share" else f"{sign} {row.bar:g}{plain}"
    shown = [_figure(row, line.ours[side]) for side in OURS]
    theirs = NOTHING if row.peer is None else _figure(row, line.theirs)
    return (row.work, *shown, peer, theirs, *ratios, bar, line.verdict)


def _figure(row: Row, value: float | None) -> str:
    if value is None:
        return NOTHING
    if row.unit == "share":
        return f"{value:.0%}"
    if row.unit == "x":
        return f"{value:.2f}x"
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{shown} {row.unit}"


def _ratio(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3g}x"


def _contexts(results: Results) -> list[str]:
    """Return what the groups ran on; those that share it, together."""
    contexts: dict[str, list[str]] = {}
    for name in GROUPS:
        if name in results.groups:
            group = results.groups[name]
            versions = "; ".join(f"{side}: {versions}" for side, versions in sorted(group["versions"].items()))
            contexts.setdefault(f"{group['machine']}. {versions}.", []).append(
                f"{name} ({group['date']}, {group['runs']} runs)"
            )
    return [f"{context} Groups: {', '.join(names)}.\n" for context, names in contexts.items()]
