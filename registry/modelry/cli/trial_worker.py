"""A process that imports what a distribution registers, one target after another, and tells what became of each.

It reads its job from standard input, and writes JSON lines to standard output: one when it is ready, and one for each
target. `trial` starts it, and deals with whatever keeps it from doing so.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

import attrs

from modelry._backend import require_backend
from modelry._lazy import resolve
from modelry.cli.diagnosis import import_failure, missing_attribute, wrong_class, wrong_hooks
from modelry.discovery.entry import Entry
from modelry.discovery.hooks import Hooks
from modelry.discovery.names import KINDS, MODEL_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelry.discovery.findings import Finding
    from modelry.discovery.hook_group import Failure

CONTRACTS = {
    "backbones": "modelry.backbones.backbone:Backbone",
    "tokenizers": "modelry.tokenizers.tokenizer:Tokenizer",
    "preprocessors": "modelry.preprocessing.preprocessor:Preprocessor",
    "heads": "modelry.tasks.base.head:Head",
    "tasks": "modelry.tasks.base.task:Task",
    "checkpoints": "modelry.checkpoints.checkpoint:Checkpoint",
    "storage": "modelry.storage.handler:Storage",
}
"""What the classes of each kind derive from."""

HEAVY = ("keras", "jax", "torch", "tensorflow")


def main() -> None:
    """Do the job, and end where another process must go on."""
    job = json.load(sys.stdin)
    tell = _channel()
    warnings.simplefilter("ignore")
    try:
        if job["keras"]:
            require_backend()
            importlib.import_module("modelry.tasks.text_classifier.task")
        for kind, contract in CONTRACTS.items():
            if job["keras"] or kind not in MODEL_KINDS:
                resolve(contract)
    except BaseException as error:
        tell({"failure": f"{type(error).__name__}: {error}"})
        return
    tell({"failure": None})
    for fields in job["entries"]:
        report = try_out(Entry(**fields))
        tell(report)
        if report["heavy"] and not job["keras"]:
            return  # in this process nobody can tell any more whether the next one imports them too


def try_out(entry: Entry) -> dict[str, Any]:
    """Import a target and check what it is, whatever that does.

    Returns:
        `seconds` that the import took, None if it failed; the `finding`, if any; the `heavy` libraries that came along.
    """
    before = {name for name in HEAVY if name in sys.modules}
    finding: Finding | None
    seconds = None
    start = time.perf_counter()
    try:
        module = importlib.import_module(entry.target.partition(":")[0])
        seconds = time.perf_counter() - start
        finding = _check(entry, module)
    except BaseException as error:  # sys.exit and KeyboardInterrupt too: this process is there to survive them
        finding = import_failure(entry, error)
    heavy = [name for name in HEAVY if name in sys.modules and name not in before]
    return {"seconds": seconds, "finding": finding and attrs.asdict(finding), "heavy": heavy}


def _check(entry: Entry, found: Any) -> Finding | None:
    if entry.kind not in KINDS:
        return wrong_hooks(entry, _failures(entry))
    for part in entry.attribute.split("."):
        if not hasattr(found, part):
            return missing_attribute(entry, part, found)
        found = getattr(found, part)
    contract: Any = resolve(CONTRACTS[entry.kind])
    if not (isinstance(found, type) and issubclass(found, contract)):
        return wrong_class(entry, found, contract)
    lacks = sorted(getattr(found, "__abstractmethods__", ())) if inspect.isabstract(found) else ()
    return wrong_class(entry, found, contract, lacks) if lacks else None


def _failures(entry: Entry) -> tuple[Failure, ...]:
    """Ask a hook module what modelry asks when it lists presets and looks for a name."""
    hooks = Hooks((entry,))
    hooks.check()
    hooks.presets()
    hooks.aliases()
    hooks.commands()
    return hooks.failures


def _channel() -> Callable[[dict[str, Any]], None]:
    """Keep standard output for this process' reports, and send to standard error what plugins print."""
    file = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(value: dict[str, Any]) -> None:
        file.write(json.dumps(value) + "\n")
        file.flush()

    return tell
