"""`modelry classify --input` as users run it: in a process that is killed, interrupted, watched and measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PRESET = str(Path(__file__).parents[2] / "fixtures" / "transformers" / "bert")
ROWS = 20_000  # three chunks

AT_FILE = """
import os, signal, sys
from modelry.cli import main
left, replace = int(sys.argv.pop(1)), os.replace
def stop(*paths):
    global left
    left -= 1
    if left == 0 and {before}:
        os.kill(os.getpid(), signal.{signal})
    replace(*paths)
    if left == 0:
        os.kill(os.getpid(), signal.{signal})
os.replace = stop
main()
"""
"""The command, which sends itself a signal when it has named so many files."""


@pytest.fixture
def source(tmp_path):
    def write(rows=ROWS):
        path = tmp_path / "in.csv"
        with path.open("w") as file:
            file.write("id,text\n")
            file.writelines(f"{number},film {number % 97}\n" for number in range(rows))
        return str(path)

    return write


@pytest.fixture
def stopped(environment):
    """Run the command until it has named so many files: `stopped(3, "SIGKILL", "--input", …)`."""

    def run_process(files, name, *arguments, before=False):
        inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # see `test_a_command_can_be_interrupted`
        try:
            return subprocess.run(
                [sys.executable, "-c", AT_FILE.format(signal=name, before=before), str(files), *arguments],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            signal.signal(signal.SIGINT, inherited)

    return run_process


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_killed_and_run_again(run, stopped, source, tmp_path, ending):
    whole, parts = tmp_path / f"whole.{ending}", tmp_path / f"parts.{ending}"
    command = ("classify", PRESET, "--input", source())
    assert run(*command, "--output", str(whole)).returncode == 0
    output = ("--output", str(parts))
    for files, kept in ((3, 2), (2, 3)):  # after the work and two parts; then after the third, before the output
        done = stopped(files, "SIGKILL", *command, *output, before=files == 2)
        assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "", "")
        assert not parts.exists()
        assert len(list((tmp_path / f"parts.{ending}.partial").glob("part-*.json"))) == kept
    done = run(*command, *output)
    assert done.returncode == 0
    assert f"Classified {ROWS:,} texts in " in done.stderr
    assert f". {ROWS:,} of them were done before. The results are in " in done.stderr
    assert parts.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.glob("*.*")) == sorted(["in.csv", parts.name, whole.name])


def test_interrupted_from_the_keyboard(run, stopped, source, tmp_path):
    command = ("classify", PRESET, "--input", source(), "--output", str(tmp_path / "out.csv"))
    done = stopped(3, "SIGINT", *command)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "Interrupted. The results of 8,192 rows are kept; run the same command to continue.\n"
    assert f"Classified {ROWS:,} texts" in run(*command).stderr


def test_what_a_terminal_shows(terminal, source, tmp_path):
    shown = terminal("classify", PRESET, "--input", source(), "--output", str(tmp_path / "out.csv"))
    assert "Loading" in shown
    assert "Classifying" in shown
    assert " texts, " in shown
    assert "/s" in shown
    assert "0:00:0" in shown  # what is left
    assert shown.splitlines()[-1].startswith(f"Classified {ROWS:,} texts in ")


def peak(environment, *arguments):
    """Return the largest size of a process that runs the command, in MiB."""
    process = subprocess.Popen([sys.executable, "-m", "modelry", *arguments], env=environment, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.stderr.read()
    process.stderr.close()
    return usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def test_memory_does_not_grow_with_the_file(environment, source, tmp_path):
    environment.pop("COVERAGE_PROCESS_CONFIG", None)  # to be measured would take the process several times as long
    output = str(tmp_path / "out.csv")
    few, many = (
        peak(environment, "classify", PRESET, "--input", source(rows), "--output", output, "--overwrite")
        for rows in (ROWS, 7 * ROWS)
    )
    assert many < few + 50, (few, many)
