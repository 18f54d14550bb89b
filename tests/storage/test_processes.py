from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from modelry.storage.cache.layout import Layout
from modelry.storage.cache.upkeep import prune

RACER = Path(__file__).with_name("racer.py")
UPLOADER = Path(__file__).with_name("uploader.py")
WEIGHTS = "/sentiment/model.weights.h5"


def race(*arguments: object) -> dict:
    done = subprocess.run(
        [sys.executable, str(RACER), *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("locks", ["locks", "none"])
def test_processes_that_race_all_get_the_right_files(web, preset, cache, locks):
    web.pace = 0.002
    assert race("race", f"{web.url}/sentiment", 6, locks, 0, 0) == {"endings": [0] * 6, "after": 0}
    fetched = [path for path, _ in web.requests].count(WEIGHTS)
    assert fetched == 1 if locks == "locks" else 1 < fetched <= 6
    assert list((cache / "v1" / "tmp").iterdir()) == []


def test_processes_that_are_killed_leave_nothing_wrong_behind(web, preset, cache):
    web.pace = 0.02  # seconds for each of the 50 pieces of the weights, so that a busy machine has time for some
    found = race("kill", f"{web.url}/sentiment", 12, "locks", 0.8, 7)
    assert found["endings"].count(-9) >= 2
    assert found["after"] == 0
    resumed = [asked for path, asked in web.requests if path == WEIGHTS and asked]
    assert resumed  # somebody went on where a dead one had stopped
    prune(Layout(cache / "v1"))
    assert list((cache / "v1" / "tmp").glob("*.part")) == []


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_publisher_that_is_killed_leaves_no_mixture(kind, preset, other, tmp_path, request):
    place = str(tmp_path / "place")
    if kind == "s3":
        request.getfixturevalue("bucket")
        place = "s3://presets/place"
    command = [sys.executable, str(UPLOADER), place, str(preset), str(other), "6"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["endings"].count(-9) == 6
    assert set(found["endings"]) <= {0, -9}
    assert set(found["found"]) <= {"old", "new", "error"}
    assert found["after"] == "new"
