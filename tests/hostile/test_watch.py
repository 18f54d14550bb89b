"""What the cases rest on: a loader that trusts its preset is seen by what they watch it with."""

from __future__ import annotations

import json
import socket

import pytest

from . import code, files
from .lab import Attempt, edit


def only(attempts) -> Attempt:
    """Return the first."""
    return next(iter(attempts))


@pytest.mark.parametrize(
    ("case", "careless", "seen"),
    [
        (code.m01, "runs_lambdas", ("marshal.loads", "open")),
        (code.m02, "calls_what_is_named", ("os.system",)),
        (code.m03, "calls_what_is_named", ("subprocess.Popen",)),
        (code.m04, "calls_what_is_named", ("exec of <string>", "open")),
        (code.m35, "unpickles", ("pickle.find_class", "open")),
        (files.m08, "opens_paths", ("open",)),
        (files.m09, "opens_paths", ("socket.connect",)),
        (files.m54, "follows_links", ("open",)),
    ],
)
def test_a_careless_loader_is_seen(loader, lab, case, careless, seen):
    answer = loader.load(lab, only(case(lab)), careless)
    for event in seen:
        assert any(one.startswith(event) for one in answer["seen"]), answer


def test_an_import_of_what_a_preset_names_is_seen(loader, lab):
    preset = lab.hub()
    edit(preset / "config.json", lambda config: config.update(module="evil_module"))
    for _ in range(2):
        assert "import evil_module" in loader.load(lab, Attempt(preset), "imports_what_is_named")["seen"]


def test_a_file_that_is_written_is_seen(loader, lab):
    preset = lab.hub()
    edit(preset / "config.json", lambda config: config["config"].update(name="../../outside/pwned"))
    answer = loader.load(lab, Attempt(preset), "writes_what_is_named")
    assert any(str(lab.pwned) in one or "pwned" in one for one in answer["seen"])
    assert lab.pwned.exists()


def test_a_connection_that_nobody_asked_for_is_seen(loader, lab):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        attempt = files.vocabulary_at(lab, f"http://127.0.0.1:{port}/x", "asked")
        assert any("socket.connect" in one for one in loader.load(lab, attempt, "opens_paths")["seen"])


def test_an_honest_preset_is_loaded_and_nothing_is_seen(loader, lab):
    for preset in (lab.hub("hub"), lab.foreign("foreign"), lab.manifested("own")):
        answer = loader.load(lab, Attempt(preset))
        assert (answer["seen"], answer["message"]) == ([], ""), json.dumps(answer)
