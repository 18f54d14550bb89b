"""Protocol of a side: a job as a line of JSON in, its answer as a line of JSON out. Standard library only.

Standard output belongs to the answers; what a library prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = dict[str, Any]


def serve(actions: dict[str, Callable[..., Answer | None]], libraries: tuple[str, ...]) -> None:
    """Do one job after the other until the input ends.

    Args:
        actions: What this side can do, by name. Each returns its answer; `seconds`, if missing, is how long it took.
        libraries: The distributions whose versions belong into a report.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    versions = {"versions": lambda: {"versions": {name: version(name) for name in libraries}}}
    actions = {"ping": dict, **versions, **actions}
    for line in sys.stdin:
        job = json.loads(line)
        start = time.perf_counter()
        try:
            answer = actions[job.pop("do")](**job) or {}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps({"seconds": time.perf_counter() - start, **answer, "peak_mb": peak_mb()}) + "\n")
        answers.flush()


@cache
def read_texts(file: str) -> list[str]:
    """Return the texts of a file; reading them is not part of what is measured."""
    texts: list[str] = json.loads(Path(file).read_text("utf-8"))
    return texts


def timed(work: Callable[[], Any]) -> float:
    """Return how many seconds something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb() -> float:
    """Return the greatest resident memory this process has had, in MB (10⁶ bytes); 0 where the system hides it."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return 0.0
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kib) * 1024 / 1e6
