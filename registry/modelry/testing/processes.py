"""Runs probes in Python processes of their own: on a fresh start, or on another backend."""

from __future__ import annotations

import atexit
import functools
import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

import pytest

from modelry._backend import installed_backends
from modelry.testing.contract import fail

SECONDS = 300
STARTUP = 60
"""Seconds that a process may take until Keras is imported."""

FORKING = ("jax", "torch") if sys.platform == "linux" else ()
"""The backends that work in a fork of a process that has only imported them. Elsewhere each probe starts a process."""

MODULE = (sys.executable, "-m", "modelry.testing.probes")


def run_probe(
    probe: str,
    *arguments: Any,
    what: str,
    backend: str | None = None,
    seconds: float = SECONDS,
    rule: str = "a component works in a process that has just started, with nothing but what is installed.",
    to_do: str = "look at the last line; do not rely on anything that your tests have imported or registered.",
) -> dict[str, Any]:
    """Run a function of `modelry.testing.probes` in a process of its own, and return its result.

    Args:
        probe: The name of the function.
        *arguments: Its arguments, as JSON can hold them.
        what: A description of the work, for the message if it fails.
        backend: The backend, where the probe needs Keras.
        seconds: The time limit, without the start of the process.
        rule: The rule that is broken if the probe fails.
        to_do: The remedy.
    """
    __tracebackhide__ = True
    with tempfile.TemporaryDirectory() as folder:
        log, answer = Path(folder, "log"), Path(folder, "answer")
        request = {
            "probe": probe,
            "arguments": arguments,
            "answer": str(answer),
            "log": str(log),
            "seconds": seconds,
            "environment": _environment(backend),
            "path": [entry or str(Path.cwd()) for entry in sys.path],
        }
        code = _server(backend).run(request) if backend in FORKING else _run_alone(request, Path(folder, "request"))
        said = log.read_text("utf-8", "replace").strip()[-3000:] if log.exists() else ""
        if code is None:
            fail(f"{what} takes more than {seconds:g} seconds:\n{said}", rule, to_do)
        if code:
            fail(f"{what} fails:\n{said}", rule, to_do)
        found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
        return found


def loaded_in_process(cls: type, preset: Path, inputs: Any, folder: Path, backend: str) -> tuple[str, Any]:
    """Load a preset in a new process on a backend, and compute with it.

    Args:
        cls: The class whose `from_preset` to call.
        preset: The preset.
        inputs: The inputs: for a task what `predict` takes, for a backbone a dict of arrays.
        folder: A folder for the files that are exchanged.
        backend: The backend.

    Returns:
        The name of the class that was loaded, and what it computed, as NumPy arrays.
    """
    __tracebackhide__ = True
    given, results = folder / "inputs.pickle", folder / f"{backend}.pickle"
    given.write_bytes(pickle.dumps(inputs))
    arguments = (f"{cls.__module__}:{cls.__qualname__}", str(preset), str(given), str(results))
    what = f"Loading the preset in a new process on {backend}"
    name = run_probe("load", *arguments, what=what, backend=backend)["class"]
    return name, pickle.loads(results.read_bytes())


def other_backends() -> list[str]:
    """Return the other installed backends; skip the test if there are none."""
    import keras

    here = keras.backend.backend()
    others = [name for name in installed_backends() if name != here]
    if not others:
        pytest.skip(f"only {here} is installed")
    return others


@functools.cache
def discovery_of(distribution: str) -> dict[str, Any]:
    """Return what discovery of a distribution does in a new process; once for all of its components."""
    return run_probe("discover", distribution, what="Discovery in a new process")


def _environment(backend: str | None) -> dict[str, str]:
    # Strings have other hashes than here, so that results which depend on them differ.
    seed = "7" if os.environ.get("PYTHONHASHSEED") != "7" else "8"
    more = {} if backend is None else {"KERAS_BACKEND": backend}
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": seed, **more}


def _run_alone(request: dict[str, Any], file: Path) -> int | None:
    """Run a probe in a new process, and return its exit code; `None` if time ran out."""
    file.write_text(json.dumps(request), "utf-8")
    with open(request["log"], "wb") as log:
        try:
            return subprocess.run(
                [*MODULE, str(file)],
                env=request["environment"],
                stdout=log,
                stderr=log,
                timeout=request["seconds"] + STARTUP,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return None


class _Server:
    """A process that has imported Keras with one backend, and runs each probe in a fork of itself."""

    def __init__(self, backend: str) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        # PyTorch's other way to look for a GPU would keep the forks from using it.
        environment = {**_environment(backend), "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
        self._process = subprocess.Popen(
            MODULE, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        atexit.register(self._stop)

    def run(self, request: dict[str, Any]) -> int | None:
        """Run a probe, and return its exit code; `None` if time ran out."""
        __tracebackhide__ = True
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(f"{json.dumps(request)}\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._errors.seek(0)
            said = self._errors.read().decode("utf-8", "replace").strip()[-3000:]
            backend = request["environment"]["KERAS_BACKEND"]
            fail(
                f"A process on {backend} ends:\n{said}",
                "Keras can be imported in a new process on every installed backend.",
                f"run: KERAS_BACKEND={backend} python -c 'import keras'",
            )
        code: int | None = json.loads(line)
        return code

    def _stop(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()


@functools.cache
def _server(backend: str) -> _Server:
    return _Server(backend)
