"""The tests of processes many times over, with figures: `endurance.py --kills 200 --flips 1000 --faults 500`."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import modelry_bert

sys.path.insert(0, str(Path(__file__).parent))

from damage import Ordeal
from faulty import load_under_faults
from web import Web

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"
RACER = Path(__file__).with_name("racer.py")


def run(mode: str, url: str, count: int, locks: str, cache: str) -> dict:
    """Run processes on an empty cache."""
    done = subprocess.run(
        [sys.executable, str(RACER), mode, url, str(count), locks, "0.4"],
        env={"MODELRY_CACHE": cache, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def main() -> None:
    """Print one line for each kind of ordeal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=25, help="races of 8 processes each, half of them without locks")
    parser.add_argument("--flips", type=int, default=1000, help="files damaged at random, in a folder or the cache")
    parser.add_argument("--faults", type=int, default=500, help="loads from a server that fails in every known way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Web(Path(folder)) as web:
        shutil.copytree(PRESET, Path(folder) / "sentiment")
        url = f"{web.url}/sentiment"
        shutil.copytree(PRESET, Path(folder) / "here/sentiment")
        ordeal = Ordeal(Path(folder) / "here/sentiment", url, Path(folder) / "damaged")
        ordeal.run(options.flips)
        print(f"flips, truncations, deletions: found {ordeal.found.total()} of {options.flips}")  # noqa: T201
        for line in (*(f"  {what}: {count}" for what, count in sorted(ordeal.found.items())), *ordeal.missed):
            print(line)  # noqa: T201
        endings = load_under_faults(web, url, Path(folder) / "faulty", options.faults)
        print(f"faults: {options.faults} loads, {dict(endings)}")  # noqa: T201
        web.faults.clear()
        web.pace = 0.0
        right = wrong = 0
        for number in range(options.rounds):
            found = run("race", url, 8, ("locks", "none")[number % 2], f"{folder}/race{number}")
            right += found["endings"].count(0)
            wrong += len(found["endings"]) - found["endings"].count(0) + (found["after"] != 0)
        print(f"races: {right} loads right, {wrong} not")  # noqa: T201
        web.pace = 0.005
        killed = resumed = wrong = 0
        for number in range(0, options.kills, 10):
            web.requests.clear()
            found = run("kill", url, min(10, options.kills - number), "locks", f"{folder}/kill{number}")
            killed += found["endings"].count(-9)
            resumed += any(asked for _, asked in web.requests)
            wrong += found["after"] != 0
        print(f"kills: {killed} processes killed, {resumed} caches resumed, {wrong} wrong loads after")  # noqa: T201
        if ordeal.missed or set(endings) - {"right", "error"}:
            sys.exit(1)


if __name__ == "__main__":
    main()
