"""Compare modelry's architectures with KerasHub's and transformers', each run in its own environment.

    python tests/parity/run.py --keras-hub-python PYTHON --transformers-python PYTHON [--only albert] [--deep]

Run it with the Python that has modelry, its plugins and a Keras backend. The sides exchange files only. Every
architecture goes in four directions (`zoo_plan.py`), and the rows of those that were compared are written into the
table in docs/compatibility.md; `--deep` compares BERT in every way that users save and load it, and its tokenizers
(`plan.py`). The exit status is 1 if anything does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import Comparison, compare, table
from compatibility import write_compatibility
from plan import SIDES, Plan, make_plan
from zoo_plan import make_zoo_plan

HERE = Path(__file__).parent


def main() -> int:
    """Run every side, compare, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keras-hub-python", required=True)
    parser.add_argument("--transformers-python", required=True)
    parser.add_argument("--only", action="append", default=[], help="an architecture; all of them by default")
    parser.add_argument("--deep", action="store_true", help="compare BERT in depth instead")
    parser.add_argument("--cases", type=int, default=3, help="random configurations of --deep")
    parser.add_argument("--fuzz", type=int, default=2000, help="random texts for the tokenizers of --deep")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="modelry-parity-"))
    pythons = {
        "modelry": sys.executable,
        "keras_hub": options.keras_hub_python,
        "transformers": options.transformers_python,
    }
    try:
        if options.deep:
            plan = make_plan(folder, options.seed, options.cases, options.fuzz)
        else:
            plan = make_zoo_plan(folder, options.seed, options.only)
        comparisons = run(plan, folder, pythons)
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(table(comparisons))
    if not options.deep:
        write_compatibility(comparisons)
    return 0 if all(one.holds for one in comparisons) else 1


def run(plan: Plan, folder: Path, pythons: dict[str, str]) -> list[Comparison]:
    """Run the steps of the plan one after another, then check its claims."""
    # The same few programs over and over: compile each of them once.
    cache = {"JAX_COMPILATION_CACHE_DIR": str(folder / "jax"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    for number, step in enumerate(plan.steps):
        jobs = folder / f"step{number}.json"
        jobs.parent.mkdir(parents=True, exist_ok=True)
        jobs.write_text(json.dumps(step.jobs), "utf-8")
        script, *arguments = SIDES[step.side]
        command = [pythons[step.side], str(HERE / script), *arguments, str(jobs), str(folder / step.out)]
        with (folder / f"step{number}.log").open("wb") as log:
            environment = {**os.environ, **cache, "KERAS_BACKEND": "jax"}
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=environment).returncode
        if status:
            tail = (folder / f"step{number}.log").read_text("utf-8", "replace")[-3000:]
            sys.exit(f"The side {step.side!r} failed:\n{tail}")
    return [compare(claim, folder) for claim in plan.claims]


if __name__ == "__main__":
    sys.exit(main())
