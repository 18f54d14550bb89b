"""One door to every weights file that modelry reads."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelry.errors import PresetFormatError, PresetNotFound
from modelry.weights.hdf5 import HDF5Store
from modelry.weights.safetensors import SafetensorsStore
from modelry.weights.shards import ShardedHDF5Store, ShardedSafetensorsStore, shards_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from modelry.storage.files import PresetFiles
    from modelry.weights.tensors import TensorStore

# The longer endings first: an index file's name contains the ending of the files it lists.
INDICES = {".weights.json": ShardedHDF5Store, ".safetensors.index.json": ShardedSafetensorsStore}
READERS: dict[str, Callable[..., TensorStore]] = {**INDICES, ".h5": HDF5Store, ".safetensors": SafetensorsStore}
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".npz", ".npy")


def open_weights(files: PresetFiles, name: str) -> TensorStore:
    """Open a preset's weights file, or its index of shards, for reading; `bring_weights` has fetched them at once.

    Raises:
        StorageError: A file cannot be fetched.
        ModelryError: What `open_store` raises.
    """
    return open_store(files.path(name), lambda shard: files.path(str(PurePosixPath(name).with_name(shard))))


def bring_weights(files: PresetFiles, names: Iterable[str]) -> None:
    """Bring weights files here, and the shards of those that are indices; raises what `open_weights` does."""
    names = list(names)
    files.bring(names)
    indices = [name for name in names if name.endswith(tuple(INDICES))]
    shards = [PurePosixPath(name).with_name(shard) for name in indices for shard in shards_of(files.path(name))]
    files.bring(str(shard) for shard in shards if str(shard) in files)  # opening the index complains about others


def open_store(path: Path, locate: Callable[[str], Path] | None = None) -> TensorStore:
    """Open the weights file at `path`, or the shards that the index at `path` lists, for reading.

    Args:
        path: `*.weights.h5`, `*.safetensors`, or one of their indices, `*.weights.json` and `*.safetensors.index.json`.
        locate: Returns the path of a shard by its name; by default shards lie beside their index.

    Raises:
        PresetNotFound: There is no such file.
        PresetFormatError: The file is damaged, hostile, or of a kind that modelry does not read.
    """
    if not path.is_file():
        raise PresetNotFound(f"There is no weights file {path}. Check the path, or download the preset again.")
    for ending, reader in READERS.items():
        if path.name.endswith(ending):
            return reader(path, locate) if ending in INDICES else reader(path)
    if path.name.endswith(PICKLES):
        raise PresetFormatError(
            f"{path}: files that may hold Python pickles can run code when they are read, so modelry reads none. "
            "Convert the weights to safetensors."
        )
    raise PresetFormatError(
        f"{path}: not the name of a weights file. modelry reads names that end in {', '.join(sorted(READERS))}."
    )
