"""Claims about damaged presets of a task: each damage raises an error that names the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from modelry.testing.presets import BACKBONE_WEIGHTS, TASK_WEIGHTS, edit_json, expect_refusal, restored, truncate

if TYPE_CHECKING:
    from pathlib import Path

    from modelry.tasks.base.task import Task


class DamageClaims:
    """The part of `TaskContract` that damages files of a preset; takes its fixtures `task` and `preset`. Abstract."""

    def test_truncated_weights_are_refused(self, task: Task, preset: Path) -> None:
        """Weights that are cut off raise an error that names the file."""
        for name in _weights(preset):
            with restored(preset / name) as path:
                truncate(path)
                expect_refusal(type(task).from_preset, preset, f"{name} cut in half", name)

    def test_missing_files_are_refused(self, task: Task, preset: Path) -> None:
        """A missing file raises an error that names it: weights, config, or an asset of the tokenizer."""
        for name in ("config.json", *_weights(preset), *_assets(task).values()):
            with restored(preset / name) as path:
                path.unlink()
                expect_refusal(type(task).from_preset, preset, f"no {name}", name.rpartition("/")[2])

    def test_damaged_files_are_refused(self, task: Task, preset: Path) -> None:
        """A damaged JSON file, or an asset of the tokenizer with other bytes, raises an error that names it."""
        for file in sorted(preset.glob("*.json")):
            if file.name != "metadata.json":  # which nothing reads
                with restored(file) as path:
                    truncate(path)
                    expect_refusal(type(task).from_preset, preset, f"{path.name} cut in half", path.name)
        for argument, name in _assets(task).items():
            with restored(preset / name) as path:
                path.write_bytes(b"\xff\xfe\x00{")
                damage = f"bytes in {path.name} that are not text"
                expect_refusal(type(task).from_preset, preset, damage, path.name, argument)

    def test_another_vocabulary_size_is_refused(self, task: Task, preset: Path) -> None:
        """Weights for another size of vocabulary raise an error that names the file."""
        config = json.loads((preset / "config.json").read_text("utf-8"))["config"]
        if not isinstance(config.get("vocabulary_size"), int):
            pytest.skip("the backbone has no argument vocabulary_size")
        change: dict[str, Any] = {"vocabulary_size": 10_007}
        edit_json(preset / "config.json", lambda values: values["config"].update(change))
        edit_json(preset / "task.json", lambda values: values["config"]["backbone"]["config"].update(change))
        damage = "vocabulary_size=10007 in the configs, but not in the weights"
        expect_refusal(type(task).from_preset, preset, damage, BACKBONE_WEIGHTS, "config.json", "task.json")


def _weights(preset: Path) -> list[str]:
    """Return the files of weights that a preset has: those of the backbone, and of the rest of the task if any."""
    return [BACKBONE_WEIGHTS, *([TASK_WEIGHTS] if (preset / TASK_WEIGHTS).is_file() else [])]


def _assets(task: Task) -> dict[str, str]:
    """Return the files of the tokenizer in a preset, by the arguments that take them."""
    assets = getattr(getattr(task.preprocessor, "tokenizer", None), "assets", {})
    return {argument: f"assets/tokenizer/{name}" for argument, name in assets.items()}
