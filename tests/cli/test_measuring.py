from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = "from modelry.cli.measuring import peak_memory; print(peak_memory())"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not count the parent's memory in the first place")
def test_the_memory_of_the_process_that_started_this_one_is_not_counted() -> None:
    parents = b"x" * 1_000_000_000

    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert 50_000_000 < int(done.stdout) < len(parents)
