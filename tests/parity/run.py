"""Compare modelry's BERT with KerasHub's and transformers', each run in its own environment.

    python tests/parity/run.py --keras-hub-python PYTHON --transformers-python PYTHON [--cases 3] [--fuzz 2000]

Run it with the Python that has modelry, modelry-bert and a Keras backend. The sides exchange files only. Each row of
the table that it prints is one claim of `plan.py` with the greatest difference that was measured; the exit status is 1
if any of them does not hold.
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
from plan import SIDES, Plan, make_plan

HERE = Path(__file__).parent


def main() -> int:
    """Run every side, compare, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keras-hub-python", required=True)
    parser.add_argument("--transformers-python", required=True)
    parser.add_argument("--cases", type=int, default=3, help="random configurations")
    parser.add_argument("--fuzz", type=int, default=2000, help="random texts for the tokenizers, per combination")
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
        plan = make_plan(folder, options.seed, options.cases, options.fuzz)
        comparisons = run(plan, folder, pythons)
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(table(comparisons))
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
