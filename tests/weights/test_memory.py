"""How much memory loading takes, in a process of its own: its peak before, and its peak afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from modelry.weights.save import save_hdf5, save_safetensors

pytestmark = [
    pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="peaks are read from Linux"),
    pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="tensorflow copies"),
]

LAYERS, UNITS = 24, 1024  # of 4 MiB each
SIZE = LAYERS * UNITS * UNITS * 4

PROGRAM = """
import re, sys
from pathlib import Path
import keras
from modelry.weights.build import uninitialized
from modelry.weights.load import load_weights
from modelry.weights.load import layer_weights
from modelry.weights.stores import open_store

def peak():
    return 1024 * int(re.search("VmHWM:\\\\s+(\\\\d+)", Path("/proc/self/status").read_text())[1])

path, dtype = Path(sys.argv[1]), sys.argv[2]

def load(path, layers, units):
    with uninitialized():
        x = inputs = keras.Input((units,))
        for _ in range(layers):
            x = keras.layers.Dense(units, use_bias=False, dtype=dtype)(x)
        model = keras.Model(inputs, x)
    load_weights(layer_weights(model.layers), open_store(path), where=path.name)
    return model

load(path.with_name("small" + path.name), 1, 4)  # what the backend takes for itself
before = peak()
model = load(path, {layers}, {units})
print(peak() - before)
"""


def growth(path, dtype):
    """How much the peak grows by loading `path`, as a share of its size."""
    program = PROGRAM.replace("{layers}", str(LAYERS)).replace("{units}", str(UNITS))
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), dtype],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout) / SIZE


def write(path, save, dtype, **options):
    """Write the weights of the model in the program, and those of a tiny one."""
    names = ["layers/dense/vars/0", *(f"layers/dense_{number}/vars/0" for number in range(1, LAYERS))]
    save(path.with_name("small" + path.name), {names[0]: np.zeros((4, 4), dtype)})
    generator = np.random.default_rng(0)
    return save(path, {name: generator.random((UNITS, UNITS), "float32").astype(dtype) for name in names}, **options)[0]


@pytest.mark.parametrize(("save", "ending"), [(save_hdf5, ".weights.h5"), (save_safetensors, ".safetensors")])
def test_weights_that_need_no_conversion_take_none(tmp_path, save, ending):
    assert growth(write(tmp_path / f"model{ending}", save, "float32"), "float32") < 0.2


def test_converted_weights_are_not_in_memory_beside_the_file(tmp_path):
    assert growth(write(tmp_path / "model.weights.h5", save_hdf5, "float32"), "bfloat16") < 0.5 + 0.2


def test_weights_of_half_the_size_are_not_in_memory_beside_the_file(tmp_path):
    assert growth(write(tmp_path / "model.weights.h5", save_hdf5, "float16"), "float32") < 1 + 0.2
