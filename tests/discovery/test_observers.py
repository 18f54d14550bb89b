"""Observers hear of what was done, and cannot disturb it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"

WATCH = "acme-watch==0.6"

FETCH = """
    import sys, warnings, modelry
    from modelry.storage.fetching import announce_fetched
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            announce_fetched("vault://x", ["config.json", "model.weights.h5"], 12, 0.5)
    for warning in caught:
        print(warning.category.__name__, warning.message)
    print([str(failure) for failure in modelry.registry.failures()])
    print("pluggy" in sys.modules)
"""

LOAD = """
import sys
import modelry
from modelry.models import BertTokenizer

for cls in (modelry.TextClassifier, modelry.Backbone, BertTokenizer, modelry.TextClassifierPreprocessor):
    cls.from_preset("./preset")
print("pluggy", "pluggy" in sys.modules)
hooks = ("acme_watch", "broken_hooks", "modelry_bert.plugin")
print("hook modules", sorted(name for name in sys.modules if name.startswith(hooks)))
"""


@pytest.fixture
def watched(site, tmp_path):
    """Load a folder, with some projects beside what is installed, and return what is printed."""
    (tmp_path / "preset").symlink_to(FIXTURES / "keras_hub" / "bert")

    def load(*projects):
        path = os.pathsep.join(str(site(project)) for project in projects)
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", LOAD]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return load


def test_a_download_is_announced_and_a_broken_observer_is_named_once(run):
    event = "Fetched(reference='vault://x', files=('config.json', 'model.weights.h5'), size=12, seconds=0.5)"
    broken = "acme-watch 0.6 (acme_watch_blind): modelry_fetched fails with RuntimeError: out of ink"
    assert run(FETCH, WATCH).splitlines() == [
        event,
        event,
        f"RuntimeWarning A modelry plugin is broken and skipped. {broken}",
        f"[{broken!r}]",
        "True",
    ]


def test_a_preset_that_was_published_is_announced(run):
    shown = run(
        f"""
        import modelry
        from modelry.storage.filesystems.storage import FsspecStorage
        modelry.registry.register("storage", "memory", FsspecStorage)
        modelry.upload_preset("memory://shelf/tiny", {str(FIXTURES / "keras_hub" / "bert")!r})
        """,
        WATCH,
    )
    names = sorted(path.name for path in (FIXTURES / "keras_hub" / "bert").rglob("*") if path.is_file())
    assert shown.startswith("Published(reference='memory://shelf/tiny', files=('")
    assert [name for name in names if name not in shown] == []


def test_where_warnings_are_errors_a_broken_observer_is_shown_and_stops_nothing(run):
    shown = run(
        """
        import io, sys, warnings
        import modelry
        from modelry.storage.fetching import announce_fetched
        sys.stderr = io.StringIO()
        warnings.simplefilter("error")
        announce_fetched("vault://x", ["config.json"], 12, 0.5)
        print(sys.stderr.getvalue())
        """,
        WATCH,
    )
    assert shown.startswith("Fetched(")
    assert "RuntimeWarning: A modelry plugin is broken and skipped. acme-watch 0.6 (acme_watch_blind)" in shown
    assert "<string>:" in shown  # the user's line


def test_with_nobody_to_hear_nothing_is_imported(run):
    assert run(FETCH, "acme-bert==1.2").splitlines() == ["[]", "False"]


def test_loading_is_announced_with_what_took_part(watched):
    lines = watched(WATCH).splitlines()
    assert lines == [
        "./preset BertTextClassifier {'modelry-bert': '0.1.0'} True",
        "./preset BertBackbone {'modelry-bert': '0.1.0'} True",
        "./preset BertTokenizer {'modelry-bert': '0.1.0'} True",
        "./preset BertTextClassifierPreprocessor {'modelry-bert': '0.1.0'} True",
        "pluggy True",
        "hook modules ['acme_watch', 'acme_watch_blind']",
    ]


def test_loading_a_folder_imports_neither_pluggy_nor_a_hook_module(watched):
    assert watched("broken-hooks==0.3").splitlines() == ["pluggy False", "hook modules []"]
