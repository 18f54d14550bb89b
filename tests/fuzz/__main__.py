"""Give modelry files that were changed at random: `python -m fuzz --configs 100000 --weights 20000`, from `tests`.

Whatever a file holds, modelry may accept it or raise one of its own errors. Another exception, a crash, an input that
takes longer than 30 seconds, or one of the two limits below passed, is a failure: the input is saved, and the exit
status is 1.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs

from .seeds import write_seeds
from .subjects import SUBJECTS
from .worker import keep

WORKER = [sys.executable, "-m", "fuzz.worker"]


@attrs.define
class Result:
    """What became of the inputs of one subject."""

    outcomes: Counter[str] = attrs.Factory(Counter)
    times: list[tuple[float, int]] = attrs.Factory(list)  # seconds of CPU time, number of the input
    grown: int = 0
    failures: list[str] = attrs.Factory(list)

    def percentile(self) -> float:
        """Return the milliseconds of CPU time that 99.9 % of the inputs take at most."""
        return sorted(self.times)[math.ceil(0.999 * len(self.times)) - 1][0] * 1000


def run_worker(
    name: str, seed: int, seeds: Path, failures: Path, numbers: range, result: Result, end: float = math.inf
) -> None:
    """Try inputs in other processes, one after another: one that ends its process is passed over by the next.

    `end` is when to stop, on the monotonic clock.
    """
    folder = seeds.with_name(f"{name}-{numbers.start}")
    while numbers:
        shutil.rmtree(folder, ignore_errors=True)  # what ended a process still lies there
        shutil.copytree(seeds, folder)
        told = (name, seed, folder, failures, numbers.start, numbers.stop, numbers.step)
        command = [*WORKER, *map(str, told)]
        # It is imported as a part of this package.
        place = Path(__file__).parents[1]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=place, text=True, **pipes) as process:
            assert process.stdout is not None
            for line in process.stdout:
                number, outcome, seconds, grown = json.loads(line)
                result.outcomes[outcome if not outcome.startswith("!") else "!"] += 1
                result.times.append((seconds, number))
                result.grown = max(result.grown, grown)
                if outcome.startswith("!"):
                    result.failures.append(f"input {number}: {outcome[2:]}")
                numbers = range(number + numbers.step, numbers.stop, numbers.step)
                if time.monotonic() > end:
                    process.kill()
                    return
            assert process.stderr is not None
            said = process.stderr.read()
        if process.returncode == 0:
            return
        why = f"input {numbers.start} ends the process with {process.returncode}: {said[-1500:]}"
        place = failures / f"{name}-{seed}-{numbers.start}"
        keep(SUBJECTS[name]().make(seed, numbers.start, seeds), seeds, place, why)
        result.failures.append(why)
        result.outcomes["!"] += 1
        numbers = numbers[1:]
        if result.outcomes["!"] > 50:
            result.failures.append("too many failures; stopped")
            return


def run_subject(name: str, count: int, options: argparse.Namespace, seeds: Path) -> Result:
    """Try the inputs of a subject in several processes, each with files of its own."""
    results = [Result() for _ in range(options.processes)]
    end = time.monotonic() + options.minutes * 60

    def run(part: int) -> None:
        numbers = range(options.first + part, options.first + count, options.processes)
        run_worker(name, options.seed, seeds, options.failures, numbers, results[part], end)

    with ThreadPoolExecutor(options.processes) as pool:
        list(pool.map(run, range(options.processes)))
    whole = Result(grown=max(result.grown for result in results))
    for result in results:
        whole.outcomes += result.outcomes
        whole.times += result.times
        whole.failures += result.failures
    return whole


def report(name: str, result: Result, options: argparse.Namespace) -> bool:
    """Print what became of a subject; return whether all of it is as it must be."""
    slowest, growth = result.percentile(), result.grown / 2**20
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in result.outcomes.most_common())
    print(f"{name}: {result.outcomes.total():,} inputs of seed {options.seed}: {counts}")
    longest, which = max(result.times)
    print(f"  CPU time: 99.9th percentile {slowest:.1f} ms, longest {longest * 1000:.1f} ms (input {which})")
    print(f"  memory: at most {growth:.0f} MB more than before")
    for failure in result.failures[:20]:
        print(f"  ! {failure}")
    # A model takes longer than its config: there the time is told, and no limit set.
    slow = slowest > options.milliseconds and name != "models"
    if slow or growth > options.megabytes:
        print(f"  ! more than {options.milliseconds} ms or {options.megabytes} MB")
    return not (result.failures or slow or growth > options.megabytes)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--configs", type=int, default=100_000, help="configs, manifests and locks that are read")
    parser.add_argument("--models", type=int, default=200, help="configs of which models are built, where they can be")
    parser.add_argument("--weights", type=int, default=20_000, help="files of weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input, to try one again")
    parser.add_argument("--minutes", type=float, default=math.inf, help="when to stop with each of the three")
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 8))
    parser.add_argument("--milliseconds", type=float, default=50, help="the limit for 99.9 %% of the inputs")
    parser.add_argument("--megabytes", type=float, default=200, help="the limit for the growth of a process")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"), help="where inputs are saved")
    return parser.parse_args(arguments)


def main() -> int:
    """Run everything, and return the exit status."""
    options = parse()
    options.failures = options.failures.resolve()
    options.failures.mkdir(parents=True, exist_ok=True)
    right = True
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder) / "seeds"
        seeds.mkdir()
        write_seeds(seeds)
        for name in SUBJECTS:
            if count := getattr(options, name):
                right &= report(name, run_subject(name, count, options, seeds), options)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
