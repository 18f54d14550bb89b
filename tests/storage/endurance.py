"""The tests of processes many times over, with figures: `endurance.py --kills 200 --flips 1000 --faults 500`."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

import modelry_bert

sys.path.insert(0, str(Path(__file__).parent))

from damage import Ordeal
from faulty import load_under_faults
from stand_ins.hub import Hub
from stand_ins.kaggle import Kaggle
from web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"
RACER = Path(__file__).with_name("racer.py")
MODEL = "acme/sentiment/keras/micro"


@attrs.frozen
class Store:
    """A store on this machine with the preset.

    Attributes:
        reference: The preset.
        variables: What leads a process to the store.
    """

    reference: str
    variables: dict[str, str] = attrs.field(factory=dict)


def main() -> None:
    """Print one line for each kind of ordeal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="processes that are killed while they fetch, by store")
    parser.add_argument(
        "--rounds", type=int, default=25, help="races of 8 processes by store, half of them without locks"
    )
    parser.add_argument("--flips", type=int, default=1000, help="files damaged at random, in a folder or the cache")
    parser.add_argument("--faults", type=int, default=500, help="loads from a server that fails in every known way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Web(Path(name)) as web, stores(web, Path(name)) as found:
        folder, url = Path(name), found["http"].reference
        good = damage(folder, url, options.flips)
        endings = load_under_faults(web, url, folder / "faulty", options.faults)
        tell(f"faults: {options.faults} loads, {dict(endings)}")
        good = good and not set(endings) - {"right", "error"}
        web.faults.clear()
        for store_name, store in found.items():
            web.pace = 0.0
            good = race(store_name, store, folder, options.rounds) and good
            web.pace = 0.02
            good = kill(store_name, store, folder, options.kills, web) and good
    sys.exit(0 if good else 1)


@contextlib.contextmanager
def stores(web: Web, folder: Path) -> Iterator[dict[str, Store]]:
    """Start the other servers, and yield name → store."""
    shutil.copytree(PRESET, folder / "sentiment")
    with Hub() as hub, Kaggle() as kaggle:
        hub.publish("acme/sentiment", PRESET)
        kaggle.publish(MODEL, PRESET)
        home = {"HOME": str(folder / "home")}
        yield {
            "http": Store(f"{web.url}/sentiment"),
            "hf": Store("hf://acme/sentiment", home | {"HF_ENDPOINT": hub.url}),
            "kaggle": Store(
                f"kaggle://{MODEL}", home | {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "KAGGLE_STAND_IN": kaggle.url}
            ),
        }


def damage(folder: Path, url: str, flips: int) -> bool:
    """Damage files, and return whether all of that was found."""
    shutil.copytree(PRESET, folder / "here/sentiment")
    ordeal = Ordeal(folder / "here/sentiment", url, folder / "damaged")
    ordeal.run(flips)
    tell(f"flips, truncations, deletions: found {ordeal.found.total()} of {flips}")
    for line in (*(f"  {what}: {count}" for what, count in sorted(ordeal.found.items())), *ordeal.missed):
        tell(line)
    return not ordeal.missed


def race(name: str, store: Store, folder: Path, rounds: int) -> bool:
    """Have processes race for an empty cache, and return whether all of them loaded the right files."""
    right = wrong = 0
    for number in range(rounds):
        found = run("race", store, 8, ("locks", "none")[number % 2], folder / f"race-{name}-{number}")
        right += found["endings"].count(0)
        wrong += len(found["endings"]) - found["endings"].count(0) + (found["after"] != 0)
    tell(f"races, {name}: {right} loads right, {wrong} not")
    return wrong == 0


def kill(name: str, store: Store, folder: Path, kills: int, web: Web) -> bool:
    """Kill processes that fetch, and return whether what is loaded afterwards is right."""
    rounds = killed = resumed = wrong = 0
    # A process that finds all files in the cache is gone before it could be killed, so a round kills some of its ten.
    while killed < kills and rounds < kills:
        web.requests.clear()
        found = run("kill", store, 10, "locks", folder / f"kill-{name}-{rounds}", seed=rounds)
        rounds += 1
        killed += found["endings"].count(-9)
        resumed += any(asked for _, asked in web.requests)
        wrong += found["after"] != 0
    # Kaggle tells a digest with the whole file alone, so nothing is resumed there; and the hubs' servers keep no count.
    more = f", {resumed} caches resumed" if name == "http" else ""
    tell(f"kills, {name}: {killed} processes killed in {rounds} caches{more}, {wrong} wrong loads after")
    return wrong == 0 and killed >= kills


def run(mode: str, store: Store, count: int, locks: str, cache: Path, seed: int = 0) -> dict:
    """Run processes on an empty cache."""
    done = subprocess.run(
        [sys.executable, str(RACER), mode, store.reference, str(count), locks, "0.4", str(seed)],
        env={"MODELRY_CACHE": str(cache), "PYTHONPATH": ":".join(sys.path), **store.variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def tell(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
