"""Tries inputs one after another, and tells a line of each; started by `__main__`.

A line is a JSON list: the number of the input, what became of it, the seconds of CPU time that took, and the bytes of
memory that this process has had at most beside those before the first one. What ends the process is thus the input
after the last line.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import shutil
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from modelry.errors import ModelryError

from .subjects import SUBJECTS

if TYPE_CHECKING:
    from .subjects import Input, Subject

HANGS = 30  # seconds, after which the process ends itself
MOST_MEMORY = 4 * 2**30  # bytes of address space beside what Python and Keras take


def put(made: Input, folder: Path) -> dict[Path, bytes]:
    """Write an input over the seeds; return what was there."""
    paths = {folder / made.folder / name: content for name, content in made.files.items()}
    before = {path: path.read_bytes() for path in paths}
    for path, content in paths.items():
        path.write_bytes(content)
    return before


def keep(made: Input, folder: Path, place: Path, why: str) -> None:
    """Save an input that went wrong, together with what it lay beside."""
    shutil.copytree(folder / made.folder, place, dirs_exist_ok=True)
    for file, content in made.files.items():
        (place / file).write_bytes(content)
    (place / "FAILURE.txt").write_text(why, "utf-8", "backslashreplace")


def peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def limit_memory() -> int:
    """Let what wants far too much fail here rather than stop the machine; return the bytes in memory now."""
    if sys.platform != "linux":
        return peak()
    virtual, resident = (
        int(pages) * resource.getpagesize() for pages in Path("/proc/self/statm").read_text().split()[:2]
    )
    resource.setrlimit(resource.RLIMIT_AS, (virtual + MOST_MEMORY, resource.RLIM_INFINITY))
    return resident


def try_one(name: str, subject: Subject, seed: int, number: int, folder: Path, failures: Path) -> tuple[str, float]:
    """Try one input; return what became of it, with a `!` where that is a failure, and the seconds of CPU time."""
    made = subject.make(seed, number, folder)
    originals = put(made, folder)
    start = time.process_time()
    try:
        subject.attempt(made, folder / made.folder)
        outcome = "accepted"
    except ModelryError as error:
        outcome = type(error).__name__
    except Exception as error:
        outcome = f"! {type(error).__name__}: {error}"[:200]
        keep(made, folder, failures / f"{name}-{seed}-{number}", traceback.format_exc())
    seconds = time.process_time() - start
    for path, content in originals.items():
        path.write_bytes(content)
    return outcome, seconds


def main(name: str, seed: int, folder: Path, failures: Path, numbers: range) -> None:
    """Try the inputs of these numbers, and write a line about each."""
    subject = SUBJECTS[name]()
    subject.warm_up(folder)
    before = limit_memory()
    for number in numbers:
        faulthandler.dump_traceback_later(HANGS, exit=True, file=sys.__stderr__)
        outcome, seconds = try_one(name, subject, seed, number, folder, failures)
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.write(json.dumps([number, outcome, seconds, peak() - before]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    name, seed, folder, failures, *numbers = sys.argv[1:]
    main(name, int(seed), Path(folder), Path(failures), range(*map(int, numbers)))
