"""One process for all hostile presets of a run, since starting it takes longer than loading them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import attrs
import pytest

from .lab import FIXTURES, Attempt, Lab

WORKER = Path(__file__).with_name("worker.py")
PATIENCE = 120  # seconds; a preset that takes them has done harm


@attrs.define
class Loader:
    """Loads presets in another process.

    Attributes:
        home: The folder that the process may use.
    """

    home: Path
    _process: subprocess.Popen

    def answer(self) -> dict[str, Any]:
        """Return the next answer of the process."""
        timer = threading.Timer(PATIENCE, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        assert line, f"the process ended, or took more than {PATIENCE} seconds"
        return json.loads(line)

    def load(self, lab: Lab, attempt: Attempt, loader: str | None = None) -> dict[str, Any]:
        """Return what came of loading a preset; `loader` names a careless one, and `None` is modelry's."""
        job = attrs.asdict(attempt, filter=attrs.filters.include("preset", "options", "texts", "env", "addresses"))
        job |= {"loader": loader, "reads": [str(lab.inside)]}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return self.answer()


@pytest.fixture(scope="session")
def loader(tmp_path_factory):
    """The process."""
    home = tmp_path_factory.mktemp("loader")
    (home / "tmp").mkdir()
    (home / "baits").mkdir()
    (home / "baits" / "evil_module.py").write_text("class Model:\n    pass\n")
    environment = {**os.environ, "TMPDIR": str(home / "tmp"), "MODELRY_CACHE": str(home / "cache")}
    process = subprocess.Popen(
        [sys.executable, str(WORKER), str(home), str(FIXTURES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    started = Loader(home, process)
    started.answer()
    yield started
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


@pytest.fixture
def lab(tmp_path, loader):
    """The folders of a case; nothing may have changed in `outside` when it is over."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    made = Lab(inside, outside, loader.home / "own")
    made.secret.write_bytes((FIXTURES / "keras_hub/bert/assets/tokenizer/vocabulary.txt").read_bytes())
    return made
