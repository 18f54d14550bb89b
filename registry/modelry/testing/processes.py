"""Other Python processes: what a component does where nothing is loaded yet, or on another backend."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from modelry.testing.contract import fail

SECONDS = 300


def run_module(module: str, *arguments: str, what: str, **variables: str) -> dict[str, Any]:
    """Run a module of the kit in a new process and return the JSON object on its last line.

    Args:
        module: The module, which prints that line.
        *arguments: Its arguments.
        what: What it does, for the message if it fails.
        **variables: Environment variables to set.
    """
    __tracebackhide__ = True
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables}
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        fail(f"{what} takes more than {SECONDS} seconds.", "a component answers.", "look for an endless loop.")
    if done.returncode:
        fail(
            f"{what} fails:\n{done.stderr.strip()[-3000:]}",
            "a component works in a process that has just started, with nothing but what is installed.",
            "look at the last line; do not rely on what your tests have imported or registered.",
        )
    values: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return values
