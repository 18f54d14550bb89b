"""The valid files that are changed at random: presets of every format, locks, and weights in every container."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

from modelry.presets.manifest import Manifest, digest
from modelry.storage.lock import LockFile, lock_preset
from modelry.storage.open import open_preset

FIXTURES = Path(__file__).parents[1] / "fixtures"

TENSORS = {
    "layers/dense/vars/0": np.arange(12, dtype="float32").reshape(3, 4),
    "layers/dense/vars/1": np.zeros(4, "float32"),
    "layers/scale/vars/0": np.array(2.5, "float32"),
    "layers/steps/vars/0": np.arange(6, dtype="int64"),
    "layers/half/vars/0": np.ones((2, 3), ml_dtypes.bfloat16),
    "layers/large/vars/0": np.arange(2048, dtype="float32").reshape(64, 32),
}

PRESETS = {
    "keras_hub": ("config.json", "task.json", "preprocessor.json", "tokenizer.json", "metadata.json"),
    "transformers": ("config.json", "tokenizer.json", "tokenizer_config.json"),
    "modelry": ("config.json", "task.json", "preprocessor.json", "tokenizer.json", "metadata.json", "modelry.json"),
}
"""Each preset and its JSON files."""

LOCKS = ("modelry.lock",)

WEIGHTS = {
    "h5": ("model.weights.h5",),
    "safetensors": ("model.safetensors",),
    "h5_shards": ("model.weights.json", "model_00000.weights.h5", "model_00001.weights.h5"),
    "safetensors_shards": ("model.safetensors.index.json", "model-00001-of-00002.safetensors"),
}
"""Each folder of weights and its files, the one to open first."""


def write_seeds(folder: Path) -> None:
    """Write all of them into an empty folder."""
    for name in ("keras_hub", "transformers"):
        shutil.copytree(FIXTURES / name / "bert", folder / name, ignore=shutil.ignore_patterns("golden.json"))
    _write_modelry(folder / "modelry")
    (folder / "locks").mkdir()
    locked = {name: lock_preset(open_preset(str(folder / name))) for name in ("keras_hub", "modelry")}
    LockFile(folder / "locks" / "modelry.lock", {f"./{name}": lock for name, lock in locked.items()}).write()
    for name in WEIGHTS:
        (folder / name).mkdir()
    _write_hdf5(folder / "h5" / "model.weights.h5", list(TENSORS))
    save_file(TENSORS, folder / "safetensors" / "model.safetensors", metadata={"format": "pt"})
    _write_shards(folder)


def _write_modelry(folder: Path) -> None:
    """Write KerasHub's preset with the manifest that modelry would add."""
    shutil.copytree(FIXTURES / "keras_hub" / "bert", folder, ignore=shutil.ignore_patterns("golden.json"))
    manifest = Manifest(
        components={
            "backbones": "modelry-bert:bert",
            "tokenizers": "modelry-bert:bert",
            "preprocessors": "modelry-bert:bert.text_classifier",
            "tasks": "modelry-bert:bert.text_classifier",
        },
        requires=("modelry>=0.1.0", "modelry-bert>=0.1.0,<0.2"),
        versions={"modelry": "0.1.0", "modelry-bert": "0.1.0"},
        task="modelry:text_classifier",
        facts={"labels": ["negative", "neutral", "positive"], "problem_type": "single_label"},
        weights={"backbone": "model.weights.h5", "task": "task.weights.h5"},
        files={path.relative_to(folder).as_posix(): digest(path) for path in folder.rglob("*") if path.is_file()},
    )
    (folder / "modelry.json").write_text(json.dumps(manifest.to_json("0.1.0")))


def _write_hdf5(path: Path, names: list[str]) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("optimizer/vars")
        for name in names:
            values = TENSORS[name]
            if values.dtype == ml_dtypes.bfloat16:
                file.create_dataset(name, data=values.view("V2")).attrs["dtype"] = "bfloat16"
            elif name.startswith("layers/large"):
                file.create_dataset(name, data=values, chunks=(16, 16), compression="gzip", shuffle=True)
            else:
                file.create_dataset(name, data=values)


def _write_shards(folder: Path) -> None:
    first, second = list(TENSORS)[:3], list(TENSORS)[3:]
    index, *shards = WEIGHTS["h5_shards"]
    for shard, names in zip(shards, (first, second), strict=True):
        _write_hdf5(folder / "h5_shards" / shard, names)
    places = {f"/{name.rpartition('/')[0]}": [shards[name in second]] for name in TENSORS}
    (folder / "h5_shards" / index).write_text(json.dumps({"metadata": {"total_size": 1.0}, "weight_map": places}))
    index, shard = WEIGHTS["safetensors_shards"]
    other = shard.replace("00001", "00002", 1)
    for file, names in ((shard, first), (other, second)):
        save_file({name: TENSORS[name] for name in names}, folder / "safetensors_shards" / file)
    places = {name: shard if name in first else other for name in TENSORS}
    (folder / "safetensors_shards" / index).write_text(json.dumps({"metadata": {}, "weight_map": places}))
