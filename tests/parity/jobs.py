"""How a side is driven: a JSON list of jobs in, one `.npz` per job and `results.json` out. Runs in each environment."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Job = dict[str, Any]
Arrays = Mapping[str, Any]


def serve(work: Callable[[Job], Arrays | None], jobs_file: str, out: str) -> None:
    """Do every job of `jobs_file`; one that raises is reported and does not stop the others.

    Args:
        work: Does one job and returns the arrays to compare.
        jobs_file: A JSON list of jobs, each with an `id`.
        out: The folder for the results.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    results = {}
    for job in json.loads(Path(jobs_file).read_text("utf-8")):
        start = time.perf_counter()
        error = None
        try:
            arrays = work(job) or {}
        except Exception as problem:
            arrays, error = {}, {"type": type(problem).__name__, "message": str(problem)}
            traceback.print_exc(file=sys.stderr)
        np.savez(folder / f"{job['id']}.npz", **{name: np.asarray(value) for name, value in arrays.items()})
        results[job["id"]] = {"error": error, "seconds": round(time.perf_counter() - start, 2)}
    (folder / "results.json").write_text(json.dumps(results, indent=1), "utf-8")


def ragged(name: str, rows: list[list[int]]) -> Arrays:
    """Return rows of token ids as two arrays: all ids, and how many there are in each row."""
    flat = [id_ for row in rows for id_ in row]
    return {name: np.array(flat, "int64"), f"{name}_lengths": np.array([len(row) for row in rows], "int64")}
