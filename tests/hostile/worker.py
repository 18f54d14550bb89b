"""The process in which hostile presets are loaded, one after the other, and watched.

It reads a job a line from its standard input, and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from pathlib import Path

import careless
from watch import Watch


def main(home: Path, fixtures: Path) -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # nothing that is printed is taken for an answer
    sys.path.remove(str(Path(__file__).parent))
    sys.path.append(str(home / "baits"))
    warm_up(home, fixtures)
    watch = Watch()
    answers.write(json.dumps({"ready": True}) + "\n")
    for line in sys.stdin:
        answers.write(json.dumps(work(watch, json.loads(line), home)) + "\n")


def warm_up(home: Path, fixtures: Path) -> None:
    """Write the presets that are made hostile, and import what loading imports, before anybody watches."""
    import modelry

    hub = modelry.TextClassifier.from_preset(fixtures / "keras_hub" / "bert")
    modelry.TextClassifier.from_preset(fixtures / "transformers" / "bert")
    hub.labels = ("a", "b", "c")
    hub.save_to_preset(home / "own")
    modelry.TextClassifier.from_preset(f"zip://x::{write_zip(home)}", cache_dir=home / "cache")


def write_zip(home: Path) -> Path:
    import zipfile

    with zipfile.ZipFile(home / "warm.zip", "w") as archive:
        for path in sorted((home / "own").rglob("*")):
            archive.write(path, Path("x") / path.relative_to(home / "own"))
    return home / "warm.zip"


def work(watch: Watch, job: dict, home: Path) -> dict:
    """Load what a job says, and return how that ended, and what was seen meanwhile."""
    from keras.src.saving.serialization_lib import in_safe_mode

    import modelry

    os.environ.update(job["env"])
    before, memory = in_safe_mode(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = None
    with watch.over(job["reads"], [str(home / "cache"), str(home / "tmp")], job["addresses"]) as seen:
        try:
            if job["loader"] is not None:
                getattr(careless, job["loader"])(job["preset"])
            else:
                model = modelry.TextClassifier.from_preset(job["preset"], cache_dir=home / "cache", **job["options"])
                model.preprocessor(job["texts"])
        except BaseException as caught:  # whatever comes out is what the test asks for
            error = caught
    return {
        "kinds": [] if error is None else [cls.__name__ for cls in type(error).__mro__],
        "message": "" if error is None else str(error),
        "shown": "" if error is None else "".join(traceback.format_exception(error)),
        "seen": seen,
        "safe_mode_changed": in_safe_mode() != before,
        "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
