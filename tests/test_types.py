"""mypy finds mistakes in code that derives from Keras' classes, of which `typings/` has the types."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent

# Each comment is the code of the error that belongs to its line.
SAMPLE = """\
import keras
from modelry import Backbone, Task

class Encoder(Backbone):
    def widen(self) -> None:
        self.hidden_dim = self.nonsense(3)  # attr-defined

class Scale(keras.layers.Layer):
    def build(self, input_shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight(name="scale", shape=input_shape[-1:], initializer="ones")
        self.shift = self.add_weight(name="shift", shpae=input_shape[-1:])  # call-arg

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        self.nonsense(3)  # attr-defined
        return x * self.scale

class Answerer(Task):
    def answer(self, question: str) -> str:
        return str(self.predict([question], batchsize=1) + self.nonsense(3))  # call-arg attr-defined

def rename(backbone: Backbone, task: Task) -> None:
    backbone.any_name = 3  # attr-defined
    task.any_name = 3  # attr-defined

def train(model: keras.Model) -> keras.callbacks.History:
    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), keras.losses.MeanSquaredError(reduction="none"))
    model.compile(optimiser="adam")  # call-arg
    model.nonsense(3)  # attr-defined
    model.add(keras.layers.Dense("two"))  # attr-defined arg-type
    model.fit([1.0], [2.0]).histroy["loss"]  # attr-defined
    return model.fit([1.0], [2.0], epochs=3, verbose=0)
"""


def test_mypy_finds_wrong_attributes_and_arguments(tmp_path):
    sample = tmp_path / "sample.py"
    sample.write_text(SAMPLE)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-pretty", "--no-color-output", str(sample)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = re.findall(rf"^{re.escape(str(sample))}:(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.MULTILINE)
    lines = enumerate(SAMPLE.splitlines(), 1)
    expected = [(str(number), code) for number, line in lines for code in line.partition("  # ")[2].split()]
    assert sorted(found) == sorted(expected), done.stdout


def test_the_types_of_keras_are_those_of_the_installed_keras():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy.stubtest", "keras", "--concise", "--ignore-missing-stub"),
            *("--mypy-config-file", "pyproject.toml", "--allowlist", "typings/stubtest.allowlist"),
        ],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
