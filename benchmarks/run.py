"""Measure modelry, KerasHub and transformers side by side, and report the ratios.

`python -m nox -s bench` makes an environment for each side and runs this; `-- --rows load,predict` chooses.

What was measured is kept in `benchmarks/results.json`, so the groups of rows can be measured one at a time: each
replaces its own figures, and the table in `docs/benchmarks.md` is made from all of them. `--rows none` only makes it.
`--quick` tries the programs out in a few minutes; its numbers mean nothing, and are neither kept nor written into the
page.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import growth
import installing
import plots
import predicting
import starting
import tokenising
from machine import describe_machine, describe_versions
from measure import Figures, Setting
from report import section, write_section
from results import Results
from rows import GROUPS
from workers import PROGRAMS, SHARED, SIDES, Pythons

import training
from presets import Presets

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
MEASURES: dict[str, Callable[[Setting], Figures]] = {
    "load": starting.measure,
    "memory": growth.measure_large,
    "predict-short": predicting.measure_short,
    "predict-mixed": predicting.measure_mixed,
    "predict-bf16": predicting.measure_bf16,
    "fit": training.measure,
    "tokenise": tokenising.measure,
    "growth": growth.measure,
    "installed": installing.measure,
}


def main() -> None:
    """Measure the groups that were asked for, and report all that was ever measured."""
    options = parse_arguments()
    options.cache.mkdir(parents=True, exist_ok=True)
    paths = {side: getattr(options, f"{SHARED.get(side, side).replace('-', '_')}_python") for side in PROGRAMS}
    pythons = Pythons(paths, log=options.cache / "sides.log")
    setting = Setting(pythons, Presets(options.cache, pythons), options.cache, options.runs, options.quick)
    results = Results() if options.quick else Results.read(options.results)
    if options.rows:
        machine, versions = describe_machine(), describe_versions(pythons)
    for group in options.rows:
        print(f"{group}:", flush=True)
        results.put(group, MEASURES[group](setting), machine, versions)
        if not options.quick:
            results.write(options.results)
            write_section(options.page, results)
    pictures = options.cache / "img" if options.quick else options.page.parent / "img"
    if results.figures("growth"):
        plots.plot(results.figures("growth"), pictures)
    if not options.quick:
        write_section(options.page, results)
    print(f"\n{section(results)}")


def parse_arguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for side in SIDES:
        name = side.replace("_", "-")
        parser.add_argument(f"--{name}-python", required=True, metavar="PYTHON", help=f"one with {name} alone")
    parser.add_argument(
        "--rows", type=chosen, default=list(GROUPS), help=f"{', '.join(GROUPS)}, or how some of them begin; or none"
    )
    parser.add_argument("--runs", type=int, default=5, help="how often each side is measured; the median counts")
    parser.add_argument("--quick", action="store_true", help="a tiny model and few texts, to try the programs out")
    parser.add_argument("--cache", type=Path, default=ROOT / "build/benchmarks", help="for models and texts: 5 GB")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks/results.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/benchmarks.md")
    return parser.parse_args()


def chosen(text: str) -> list[str]:
    """Return the groups that a list of names, or of their beginnings, means."""
    if text == "none":
        return []
    wanted = text.split(",")
    unknown = [name for name in wanted if not name or not any(group.startswith(name) for group in GROUPS)]
    if unknown:
        raise argparse.ArgumentTypeError(f"no group is called {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    return [group for group in GROUPS if group.startswith(tuple(wanted))]


if __name__ == "__main__":
    main()
