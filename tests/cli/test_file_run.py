"""The identity of a run's work: every file that the loaded model depends on, and no other."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from safetensors.numpy import load_file, save_file

from modelry.cli.file_run import work_of
from modelry.presets.read import read_recipe

if TYPE_CHECKING:
    from pathlib import Path


def fingerprint(preset: Path) -> str:
    return work_of(read_recipe(preset), {})["fingerprint of the preset"]


def change_last_byte(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        (last,) = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("keras_hub/albert", "assets/tokenizer/vocabulary.spm"),
        ("keras_hub/bert", "assets/tokenizer/vocabulary.txt"),
        ("keras_hub/bert", "model.weights.h5"),
        ("keras_hub/bert", "task.weights.h5"),
        ("keras_hub/bert", "config.json"),
        ("transformers/bert", "model.safetensors"),
    ],
)
def test_a_file_that_is_loaded_is_part_of_the_work(copy_of, name, file):
    preset = copy_of(name)
    before = fingerprint(preset)
    assert fingerprint(preset) == before
    if file == "config.json":
        (preset / file).write_text((preset / file).read_text() + " ")
    else:
        change_last_byte(preset / file)
    assert fingerprint(preset) != before


@pytest.mark.parametrize("file", ["spiece.model", "assets/tokenizer/words.bin"])
def test_a_vocabulary_of_any_kind_is_part_of_the_work(copy_of, file):
    preset = copy_of("keras_hub/bert")
    (preset / file).write_bytes(b"abc")
    before = fingerprint(preset)
    (preset / file).write_bytes(b"abd")
    assert fingerprint(preset) != before


def test_the_content_of_shards_is_part_of_the_work(copy_of):
    preset = copy_of("transformers/bert")
    tensors = load_file(preset / "model.safetensors")
    (preset / "model.safetensors").unlink()
    names = sorted(tensors)
    parts = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for file, kept in parts.items():
        save_file({name: tensors[name] for name in kept}, preset / file)
    index = {"weight_map": {name: file for file, kept in parts.items() for name in kept}}
    (preset / "model.safetensors.index.json").write_text(json.dumps(index))
    seen = {fingerprint(preset)}
    for file in parts:
        change_last_byte(preset / file)
        seen.add(fingerprint(preset))
    assert len(seen) == 3


def test_files_that_are_not_loaded_do_not_count(copy_of):
    preset = copy_of("keras_hub/bert")
    before = fingerprint(preset)
    (preset / "README.md").write_text("new")
    (preset / "pytorch_model.bin").write_bytes(b"new")
    assert fingerprint(preset) == before
