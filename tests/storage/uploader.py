"""Processes that are killed while they publish a preset over another.

`uploader.py PLACE OLD NEW COUNT`: PLACE is a URI or a folder's path, OLD and NEW are folders of presets. Goes on until
COUNT processes were killed in time. Prints JSON: how the processes ended, and what was found at PLACE after each:
`old`, `new`, or `error` where a reader is told that there is no preset, or that one is being replaced. What is none of
them is `wrong`.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import s3fs  # noqa: F401 - so that the children need not import it

from modelry import upload_preset
from modelry.errors import ModelryError
from modelry.presets.read import read_recipe
from modelry.presets.write import new_folder
from modelry.testing.presets import contents

if TYPE_CHECKING:
    from collections.abc import Callable

FOUND = ("old", "new", "error", "wrong")


def publish(place: str, folder: Path) -> int:
    """Put a preset into its place."""
    if "://" in place:
        upload_preset(place, folder)
    else:
        with new_folder(place) as fresh:
            shutil.copytree(folder, fresh, dirs_exist_ok=True)
    return 0


def look(place: str, old: Path, new: Path) -> int:
    """Return the index in `FOUND` of what a reader finds."""
    try:
        files = read_recipe(place).files
        found = {name: files.path(name).read_bytes() for name in files.names()}
    except ModelryError:
        return 2
    return next((number for number, folder in enumerate((old, new)) if found == contents(folder)), 3)


def start(function: Callable[..., int], *arguments: object) -> int:
    """Call a function in a process of its own, and return its id; its exit status is what the function returns."""
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            status = function(*arguments)
        finally:
            os._exit(status)
    return pid


def ending(pid: int) -> int:
    """Return the exit status of a process, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main(place: str, old: Path, new: Path, count: int) -> None:
    """Publish, kill, look; again and again."""
    chance, endings, found = random.Random(5), [], []
    begun = time.monotonic()
    assert ending(start(publish, place, old)) == 0
    longest = time.monotonic() - begun
    while endings.count(-signal.SIGKILL) < count and len(endings) < 10 * count:
        pid = start(publish, place, old if len(endings) % 2 else new)
        time.sleep(chance.uniform(0, longest))
        os.kill(pid, signal.SIGKILL)
        endings.append(ending(pid))
        if endings[-1] == 0:
            longest *= 0.8  # the first time took longer than usual
        found.append(FOUND[ending(start(look, place, old, new))])
    after = ending(start(publish, place, new)) or ending(start(look, place, old, new))
    print(json.dumps({"endings": endings, "found": found, "after": FOUND[after]}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
