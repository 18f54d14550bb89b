"""How fast a large preset comes from a web server into the cache, beside `curl` and `sha256sum`: `throughput.py`."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

NAME = "model.weights.h5"
SERVE = "import sys, time; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from web import Web\n"
SERVE += "with Web(Path(sys.argv[2])) as web: print(web.url, flush=True); time.sleep(3600)"


def main() -> None:
    """Print the seconds of both sides and the ratio of their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_preset(Path(folder) / "large", options.megabytes)
        serve = [sys.executable, "-c", SERVE, str(Path(__file__).parent), folder]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
            url = f"{server.stdout.readline().strip()}/large"
            times: dict[str, list[float]] = {"modelry": [], "curl, sha256sum": []}
            for _ in range(options.runs + 1):
                times["modelry"].append(fetch(url, f"{folder}/cache"))
                times["curl, sha256sum"].append(curl(f"{url}/{NAME}", f"{folder}/copy"))
            server.kill()
    medians = {side: statistics.median(seconds[1:]) for side, seconds in times.items()}  # without the first
    for side, median in medians.items():
        print(f"{side}: {median:.3f} s, {options.megabytes / median:.0f} MB/s")  # noqa: T201
    print(f"ratio: {medians['curl, sha256sum'] / medians['modelry']:.2f}x")  # noqa: T201


def write_preset(folder: Path, megabytes: int) -> None:
    """Write weights of random bytes, and the manifest that tells their digest."""
    folder.mkdir()
    content = os.urandom(megabytes * 10**6)
    (folder / NAME).write_bytes(content)
    files = {NAME: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
    (folder / "modelry.json").write_text(json.dumps({"format_version": 1, "files": files}), "utf-8")


def fetch(url: str, cache: str) -> float:
    """Return how many seconds fetching takes, with an empty cache."""
    shutil.rmtree(cache, ignore_errors=True)
    start = time.perf_counter()
    open_preset(url, OpenOptions(cache_dir=cache)).download([NAME])
    return time.perf_counter() - start


def curl(url: str, copy: str) -> float:
    """Return how many seconds the programs take."""
    start = time.perf_counter()
    subprocess.run(["curl", "--silent", "--fail", "--output", copy, url], check=True)
    subprocess.run(["sha256sum", copy], check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
