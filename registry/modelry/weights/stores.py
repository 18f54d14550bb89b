"""One door to every weights file that modelry reads."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelry.errors import PresetFormatError, PresetNotFound, UnsafePresetError
from modelry.storage.budget import Tally
from modelry.weights.hdf5 import HDF5Store
from modelry.weights.safetensors import SafetensorsStore
from modelry.weights.shards import ShardedHDF5Store, ShardedSafetensorsStore, shards_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from modelry.storage.budget import Budget
    from modelry.storage.files import PresetFiles
    from modelry.weights.tensors import TensorStore

# The longer endings first: an index file's name contains the ending of the files it lists.
INDICES = {".weights.json": ShardedHDF5Store, ".safetensors.index.json": ShardedSafetensorsStore}
READERS: dict[str, Callable[..., TensorStore]] = {**INDICES, ".h5": HDF5Store, ".safetensors": SafetensorsStore}
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".npy")
MODELS = (".keras", ".pb", ".tflite", ".onnx")


def open_weights(files: PresetFiles, name: str, budget: Budget | None = None) -> TensorStore:
    """Open a preset's weights file, or its index of shards, for reading; `bring_weights` has fetched them at once.

    Raises:
        UnsafePresetError: Its header announces more than the budget, where there is one, allows.
        StorageError: A file cannot be fetched.
        ModelryError: What `open_store` raises.
    """
    store = open_store(files.path(name), lambda shard: files.path(str(PurePosixPath(name).with_name(shard))))
    if budget is not None:
        tally = Tally(budget, f"{name} of preset {files.reference!r}")
        for info in map(store.info, store.names()):
            tally.add(info.shape, info.dtype.itemsize)
    return store


def weight_files(files: PresetFiles, name: str) -> list[str]:
    """Return the names of the files that a preset's weights are in: a weights file, or an index and its shards."""
    shards = shards_of(files.path(name)) if name.endswith(tuple(INDICES)) else ()
    return [name, *(str(PurePosixPath(name).with_name(shard)) for shard in shards)]


def bring_weights(files: PresetFiles, names: Iterable[str], budget: Budget) -> None:
    """Bring weights files here, and the shards of those that are indices; raises what `open_weights` does."""
    names = list(names)
    _check_size(files, names, budget)
    files.download(names)
    shards = [shard for name in names for shard in weight_files(files, name)[1:]]
    there = [shard for shard in shards if shard in files]  # opening the index complains about others
    _check_size(files, (*names, *there), budget)
    files.download(there)


def _check_size(files: PresetFiles, names: Iterable[str], budget: Budget) -> None:
    """Check sizes before anything is fetched; where a store tells none, fetching ends at the same limit."""
    sizes = [files.size(name) for name in names if name in files]
    budget.check("bytes", sum(size or 0 for size in sizes), f"The weights of preset {files.reference!r}")


def open_store(path: Path, locate: Callable[[str], Path] | None = None) -> TensorStore:
    """Open the weights file at `path`, or the shards that the index at `path` lists, for reading.

    Args:
        path: `*.weights.h5`, `*.safetensors`, or one of their indices, `*.weights.json` and `*.safetensors.index.json`.
        locate: Returns the path of a shard by its name; by default shards lie beside their index.

    Raises:
        PresetNotFound: There is no such file.
        UnsafePresetError: The file is hostile, or of a kind that can run code.
        PresetFormatError: The file is damaged, or of another kind that modelry does not read.
    """
    if not path.is_file():
        raise PresetNotFound(f"There is no weights file {path}. Check the path, or download the preset again.")
    if path.name.endswith(PICKLES):
        raise UnsafePresetError(
            f"{path}: files that may hold Python pickles can run code when they are read, so modelry reads none. "
            "Convert the weights to safetensors."
        )
    if path.name.endswith(MODELS):
        raise UnsafePresetError(
            f"{path}: files of whole models name the code that they run, so modelry reads none. Load the model where "
            "you trust it, and save its weights alone, with save_weights('model.weights.h5')."
        )
    for ending, reader in READERS.items():
        if path.name.endswith(ending):
            return reader(path, locate) if ending in INDICES else reader(path)
    raise PresetFormatError(
        f"{path}: not the name of a weights file. modelry reads names that end in {', '.join(sorted(READERS))}."
    )
