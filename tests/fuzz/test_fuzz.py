"""A short run of what `nox -s fuzz` does at length, and that it would see what goes wrong."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from . import __main__ as run
from . import subjects, worker

if TYPE_CHECKING:
    from pathlib import Path

# JAX warns of 64-bit numbers in a file of weights, which it reads as 32-bit ones.
pytestmark = pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "seeds"
    folder.mkdir()
    run.write_seeds(folder)
    return folder


@pytest.mark.parametrize(("name", "count"), [("configs", 300), ("models", 3), ("weights", 300)])
def test_only_errors_of_modelry_come_out(name, count, seeds, tmp_path):
    subject = subjects.SUBJECTS[name]()
    subject.warm_up(seeds)  # what was not changed is accepted
    outcomes = Counter(worker.try_one(name, subject, 7, number, seeds, tmp_path)[0] for number in range(count))
    assert [outcome for outcome in outcomes if outcome.startswith("!")] == []
    if count > 100:  # some changes do no harm, and others are found
        assert min(outcomes["accepted"], outcomes["PresetFormatError"], outcomes["UnsafePresetError"]) > 10


@pytest.mark.parametrize("name", ["configs", "weights"])
def test_an_input_is_the_same_whenever_it_is_made(name, seeds):
    first, again = subjects.SUBJECTS[name](), subjects.SUBJECTS[name]()
    made = [first.make(0, number, seeds) for number in range(40)]
    assert [again.make(0, number, seeds) for number in reversed(range(40))] == made[::-1]
    assert len({str(one) for one in made}) == 40


def test_another_exception_is_a_failure_and_its_input_is_kept(seeds, tmp_path):
    class Fails(subjects.Configs):
        def attempt(self, made, folder):
            raise KeyError("config")

    made = Fails().make(0, 4, seeds)
    (name, content), *_ = made.files.items()
    before = (seeds / made.folder / name).read_bytes()
    outcome, _ = worker.try_one("configs", Fails(), 0, 4, seeds, tmp_path)
    assert outcome == "! KeyError: 'config'"
    assert (tmp_path / "configs-0-4" / name).read_bytes() == content
    assert "KeyError" in (tmp_path / "configs-0-4" / "FAILURE.txt").read_text()
    assert (seeds / made.folder / name).read_bytes() == before


def test_an_input_that_ends_its_process_is_a_failure_and_the_others_are_tried(seeds, tmp_path, monkeypatch):
    code = """
import json, os, sys
for number in range(*map(int, sys.argv[5:])):
    if number == 4:
        os.abort()
    print(json.dumps([number, "accepted", 0.5, number]), flush=True)
"""
    monkeypatch.setattr(run, "WORKER", [sys.executable, "-c", code])
    result = run.Result()
    run.run_worker("configs", 0, seeds, tmp_path, range(0, 10, 2), result)
    assert result.outcomes == {"accepted": 4, "!": 1}
    (failure,) = result.failures
    assert failure.startswith("input 4 ends the process with -6")
    assert (tmp_path / "configs-0-4" / "FAILURE.txt").read_text() == failure
    assert (result.grown, sorted(result.times)[-1]) == (8, (0.5, 8))


@pytest.mark.parametrize(
    ("result", "right"),
    [
        (run.Result(Counter(accepted=1000), [(0.01, 1)] * 999 + [(9.0, 2)], 2**20), True),
        (run.Result(Counter(accepted=1000), [(0.01, 1)] * 998 + [(9.0, 2)] * 2, 2**20), False),
        (run.Result(Counter(accepted=1), [(0.01, 1)], 300 * 2**20), False),
        (run.Result(Counter({"!": 1}), [(0.01, 1)], 0, ["input 1: KeyError"]), False),
    ],
)
def test_limits_are_kept(result, right, capsys):
    options = run.parse([])
    assert run.report("configs", result, options) is right
    assert ("  !" in capsys.readouterr().out) is not right


def test_a_worker_tells_a_line_of_each_input(seeds, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(worker, "limit_memory", lambda: 0)  # it would hold for the rest of this process
    worker.main("weights", 0, seeds, tmp_path, range(3, 9, 3))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [number for number, _, _, _ in lines] == [3, 6]
    assert all(seconds > 0 and grown > 0 for _, _, seconds, grown in lines)
