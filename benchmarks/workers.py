"""The processes that do the work: one for each library and backend, driven by lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
Answer = dict[str, Any]

# name of a side → (its script, Keras' backend)
PROGRAMS = {
    "modelry-jax": ("modelry_side.py", "jax"),
    "modelry-torch": ("modelry_side.py", "torch"),
    "keras_hub": ("keras_hub_side.py", "jax"),
    "transformers": ("transformers_side.py", ""),
    "pluggy": ("pluggy_side.py", ""),
}
SHARED = {"pluggy": "modelry-jax"}  # a side → the one in whose environment it is
SIDES = tuple(side for side in PROGRAMS if side not in SHARED)  # those that have models
OURS = ("modelry-jax", "modelry-torch")


class SideFailed(Exception):
    """A side raised or ended; what is measured next to a failure is worth nothing."""


@attrs.frozen
class Pythons:
    """Python interpreters of the libraries, and the log for their errors.

    Attributes:
        paths: The Python of each side.
        log: A file for what the sides print.
    """

    paths: dict[str, str]
    log: Path

    def start(self, side: str, **variables: str) -> Worker:
        """Start a side; it imports its library before it answers."""
        script, backend = PROGRAMS[side]
        chosen = {"KERAS_BACKEND": backend} if backend else {}
        quiet = {"HF_HUB_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
        start = time.perf_counter()
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [self.paths[side], str(HERE / "sides" / script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **quiet, **chosen, **variables},
                encoding="utf-8",
            )
        return Worker(side, process, start, self.log)

    @contextmanager
    def running(self, *sides: str) -> Iterator[dict[str, Worker]]:
        """Start sides, and end them in any case."""
        with ExitStack() as stack:
            yield {side: stack.enter_context(self.start(side)) for side in sides}


@attrs.frozen
class Worker:
    """One running side.

    Attributes:
        side: Its name.
        process: The process.
        started: When it was started, by `time.perf_counter`.
        log: Where its errors go.
    """

    side: str
    process: subprocess.Popen[str]
    started: float
    log: Path

    def ask(self, do: str, **job: Any) -> Answer:
        """Let it do one job and return the answer.

        Raises:
            SideFailed: It could not.
        """
        stdin, stdout = _pipes(self.process)
        try:
            stdin.write(json.dumps({"do": do, **job}) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        answer: Answer = json.loads(line) if line else {"error": f"The process ended; see {self.log}."}
        if "error" in answer:
            raise SideFailed(f"{self.side} failed to {do}:\n{answer['error']}")
        return answer

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.perf_counter() - self.started

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        for pipe in _pipes(self.process):
            pipe.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
