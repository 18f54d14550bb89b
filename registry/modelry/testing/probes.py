"""Probes: functions that run in a process which has just started, and measure there.

`python -m modelry.testing.probes` reads requests, each a JSON object on a line, imports Keras once, and answers each
request from a fork of this process, in which nothing but Keras has been imported. `python -m modelry.testing.probes
REQUEST` answers one request by itself. See `modelry.testing.processes`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

HEAVY = ("keras", "jax", "torch", "tensorflow")


def load(target: str, preset: str, inputs: str, outputs: str) -> dict[str, Any]:
    """Load a preset, compute with it, and return the name of its class.

    Args:
        target: The class whose `from_preset` to call, `module:Class`.
        preset: The preset.
        inputs: A pickle of the inputs: for a task what `predict` takes, for a backbone a dict of arrays.
        outputs: The pickle to write: the results as NumPy arrays.
    """
    import keras

    from modelry import Task

    model = _resolve(target).from_preset(preset)
    x = pickle.loads(Path(inputs).read_bytes())
    found = model.predict(x, verbose=0) if isinstance(model, Task) else model(x, training=False)
    arrays = keras.tree.map_structure(keras.ops.convert_to_numpy, found)
    Path(outputs).write_bytes(pickle.dumps(arrays))
    return {"class": type(model).__name__}


def oversize(target: str, preset: str, names: list[str], number: int, memory: int) -> dict[str, Any]:
    """Load a preset with one enormous number in its config after the other.

    Args:
        target: The backbone's class.
        preset: The preset, whose config is changed.
        names: The config keys that get the number.
        number: The number.
        memory: The budget, in bytes.

    Returns:
        `accepted`: the names with which a backbone was created; `errors`: for others, an error that is not modelry's.
    """
    from modelry import Budget
    from modelry.errors import ModelryError

    path = Path(preset) / "config.json"
    saved = json.loads(path.read_text("utf-8"))
    found: dict[str, Any] = {"accepted": [], "errors": {}}
    for name in names:
        sys.stderr.write(f"with {name}={number}\n")
        sys.stderr.flush()
        path.write_text(json.dumps({**saved, "config": {**saved["config"], name: number}}), "utf-8")
        try:
            _resolve(target).from_preset(preset, budget=Budget(memory=memory))
            found["accepted"].append(name)
        except ModelryError:
            pass
        except Exception as error:
            found["errors"][name] = f"{type(error).__name__}: {error}"
    return found


def tokenize(target: str, config: dict[str, Any], assets: str, texts: list[str]) -> dict[str, Any]:
    """Create a tokenizer from its config and its assets, and return the ids of the texts."""
    cls = _resolve(target)
    paths = {name: Path(assets) / file for name, file in cls.assets.items()}
    return {"ids": [[int(one) for one in row] for row in cls(**config, **paths).encode(texts)]}


def discover(distribution: str) -> dict[str, Any]:
    """Return the imports of Keras at discovery of a distribution, and the hooks that fail."""
    watcher = _Watcher()
    sys.meta_path.insert(0, watcher)
    from modelry import registry

    registry.presets()
    entries = [entry for entry in registry.entries() if entry.distribution == distribution]
    culprits = {"listing what is installed": watcher.seen} if watcher.seen else {}
    for entry in entries:
        if entry.kind in ("plugin", "checkpoints", "storage") and not watcher.seen:
            entry.load()
            if watcher.seen:
                culprits[f"importing {entry.target} ({entry.kind})"] = watcher.seen
    return {"culprits": culprits, "failures": [str(one) for one in registry.failures()]}


class _Watcher:
    """A finder that finds nothing, and remembers where the first heavy import came from."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Remember the line that imports a heavy module."""
        if name in HEAVY and not self.seen:
            frames = [
                frame
                for frame in traceback.extract_stack()[:-1]
                if not frame.filename.startswith("<frozen") and "importlib" not in frame.filename
            ]
            self.seen = {"module": name, "where": f"{frames[-1].filename}, line {frames[-1].lineno}: {frames[-1].line}"}


def _resolve(target: str) -> Any:
    from modelry._lazy import resolve

    return resolve(target)


def answer(request: dict[str, Any]) -> None:
    """Run a probe and write what it returns, as JSON, to the request's file `answer`."""
    found = globals()[request["probe"]](*request["arguments"])
    Path(request["answer"]).write_text(json.dumps(found), "utf-8")


def _answer_in_fork(request: dict[str, Any]) -> None:
    """Answer with the environment and the output of the request, in a process that has just been forked."""
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[:] = request["path"]
    answer(request)


def serve() -> None:
    """Answer requests until there are no more: after each, a line with the exit code, or `null` if time ran out."""
    import keras  # noqa: F401 - the forks have it

    warnings.filterwarnings("ignore", message=r".*os\.fork\(\)")  # JAX has not started any thread yet
    context = multiprocessing.get_context("fork")
    for line in sys.stdin:
        request = json.loads(line)
        process = context.Process(target=_answer_in_fork, args=(request,))
        process.start()
        process.join(request["seconds"])
        if process.is_alive():
            process.kill()
            process.join()
            code = None
        else:
            code = process.exitcode
        sys.stdout.write(f"{json.dumps(code)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        answer(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    else:
        serve()
