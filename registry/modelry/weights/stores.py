"""One door to every weights file that modelry reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.errors import PresetFormatError, PresetNotFound
from modelry.weights.hdf5 import HDF5Store
from modelry.weights.safetensors import SafetensorsStore
from modelry.weights.shards import ShardedHDF5Store, ShardedSafetensorsStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelry.weights.tensors import TensorStore

# The longer endings first: an index file's name contains the ending of the files it lists.
READERS: dict[str, Callable[[Path], TensorStore]] = {
    ".weights.json": ShardedHDF5Store,
    ".safetensors.index.json": ShardedSafetensorsStore,
    ".h5": HDF5Store,
    ".safetensors": SafetensorsStore,
}
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".npz", ".npy")


def open_store(path: Path) -> TensorStore:
    """Open the weights file at `path`, or the shards that the index at `path` lists, for reading.

    Args:
        path: `*.weights.h5`, `*.safetensors`, or one of their indices, `*.weights.json` and `*.safetensors.index.json`.

    Raises:
        PresetNotFound: There is no such file.
        PresetFormatError: The file is damaged, hostile, or of a kind that modelry does not read.
    """
    if not path.is_file():
        raise PresetNotFound(f"There is no weights file {path}. Check the path, or download the preset again.")
    for ending, reader in READERS.items():
        if path.name.endswith(ending):
            return reader(path)
    if path.name.endswith(PICKLES):
        raise PresetFormatError(
            f"{path}: files that may hold Python pickles can run code when they are read, so modelry reads none. "
            "Convert the weights to safetensors."
        )
    raise PresetFormatError(
        f"{path}: not the name of a weights file. modelry reads names that end in {', '.join(sorted(READERS))}."
    )
