"""The plots of how cost grows."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from growth import AXES, points
from workers import OURS

if TYPE_CHECKING:
    from pathlib import Path

    from measure import Figures

TITLES = {
    "predict": "predict, bert_micro_sst2",
    "index": "first look-up of a component",
    "load": "from_preset",
}
COLOURS = {"modelry-jax": "#1f6feb", "modelry-torch": "#d2691e"}


def plot(figures: Figures, folder: Path) -> list[Path]:
    """Draw one picture for each thing that grows; return the files."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "modelry"  # the same numbers make the same file
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for what, unit in AXES.items():
        figure, axes = pyplot.subplots(figsize=(4.4, 3.0), layout="constrained")
        for side in OURS:
            found = points(figures, what, side)
            if not found:
                continue
            sizes, seconds = [size for size, _ in found], [median(runs) for _, runs in found]
            axes.plot(sizes, seconds, "o-", color=COLOURS[side], label=side.replace("-", ", "))
            linear = [seconds[0] * size / sizes[0] for size in sizes]
            axes.plot(sizes, linear, ":", color=COLOURS[side], linewidth=1, label="proportional")
        axes.set(xscale="log", yscale="log", xlabel=unit, ylabel="seconds", title=TITLES[what])
        axes.grid(which="major", alpha=0.3)
        axes.legend(fontsize="small")
        files.append(folder / f"growth-{what}.svg")
        figure.savefig(files[-1], metadata={"Date": None})
        pyplot.close(figure)
    return files
