"""Weights files: the reader for each kind, sharded or not, and their size limits."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from modelry.errors import PresetFormatError, PresetNotFound, UnsafePresetError
from modelry.storage.options import Tally
from modelry.storage.paths import check_plain
from modelry.strict_json import read_json_file
from modelry.weights.hdf5 import HDF5Store
from modelry.weights.safetensors import SafetensorsStore
from modelry.weights.tensors import TensorStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    import numpy as np

    from modelry.storage.files import PresetFiles
    from modelry.storage.options import Budget
    from modelry.weights.tensors import TensorInfo

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".npy")
MODELS = (".keras", ".pb", ".tflite", ".onnx")


_MIXED = "The files come from different saves, or one was damaged; get all of them again."
MAX_INDEX = 1 << 26  # bytes; an index of a hundred thousand tensors takes a tenth of it


class _ShardedStore(TensorStore):
    """Tensors in the files that an index lists.

    Args:
        path: The index.
        locate: Returns the path of a shard by its name; by default it is in the folder of the index.

    Raises:
        PresetFormatError: The index or a shard is damaged, a shard is missing, or they contradict each other.
    """

    def __init__(self, path: Path, locate: Callable[[str], Path] | None = None) -> None:
        self.path = path
        weight_map = _read_index(path)
        shards = {file: self._shard(file, locate or path.parent.joinpath) for file in _shards(weight_map)}
        self._shards = tuple(shards.values())
        self._owner: dict[str, TensorStore] = {}
        unseen = {(entry, file) for entry, files in weight_map.items() for file in files if self._counts(entry)}
        for file, shard in shards.items():
            for name in shard.names():
                entry = self._entry(name)
                if file not in weight_map.get(entry, ()):
                    raise PresetFormatError(
                        f"{shard.path} holds {name!r}, which {path.name} does not place there. {_MIXED}"
                    )
                if name in self._owner:
                    raise PresetFormatError(f"{path}: {name!r} lies in two of its shards. {_MIXED}")
                self._owner[name] = shard
                unseen.discard((entry, file))
        for entry, file in sorted(unseen):
            raise PresetFormatError(f"{shards[file].path} lacks {entry!r}, which {path.name} places there. {_MIXED}")

    @abstractmethod
    def _open(self, path: Path) -> HDF5Store | SafetensorsStore:
        """The reader of one shard."""

    @abstractmethod
    def _entry(self, name: str) -> str:
        """The entry of the index that places the tensor called `name`."""

    def _counts(self, entry: str) -> bool:
        """Return whether an entry of the index is about weights; the reader of shards leaves out all others."""
        return True

    def _shard(self, file: str, locate: Callable[[str], Path]) -> HDF5Store | SafetensorsStore:
        try:
            path = locate(file)
            here = path.is_file()
        except PresetNotFound:
            here = False
        if not here:
            raise PresetFormatError(f"{file}, a shard that {self.path} lists, is missing. Get the preset again.")
        return self._open(path)

    def names(self) -> Collection[str]:
        """The name of every tensor of every shard."""
        return self._owner.keys()

    def info(self, name: str) -> TensorInfo:
        """Shape and dtype of one tensor."""
        return self._owner[name].info(name)

    def read(self, name: str) -> np.ndarray[Any, Any]:
        """The values of one tensor."""
        return self._owner[name].read(name)

    def release(self, name: str) -> None:
        """Give back the memory of one tensor."""
        self._owner[name].release(name)

    def check_unchanged(self) -> None:
        """Check that the shards are still what they were."""
        for shard in self._shards:
            shard.check_unchanged()


class ShardedHDF5Store(_ShardedStore):
    """KerasHub's shards: `model.weights.json` places groups, whose variables may be spread over files."""

    def _open(self, path: Path) -> HDF5Store | SafetensorsStore:
        return HDF5Store(path)

    def _entry(self, name: str) -> str:
        return "/" + name.rpartition("/")[0]  # layers/dense/vars/0 → /layers/dense/vars

    def _counts(self, entry: str) -> bool:
        return entry.startswith(("/layers/", "/vars"))  # not the optimizer, which Keras stores as well


class ShardedSafetensorsStore(_ShardedStore):
    """transformers' shards: `model.safetensors.index.json` places single tensors."""

    def _open(self, path: Path) -> HDF5Store | SafetensorsStore:
        return SafetensorsStore(path)

    def _entry(self, name: str) -> str:
        return name


def shards_of(path: Path) -> list[str]:
    """Return the names of the files that an index at `path` lists.

    Raises:
        PresetFormatError: It is not a readable index.
    """
    return _shards(_read_index(path))


def _shards(weight_map: dict[str, list[str]]) -> list[str]:
    return sorted({file for files in weight_map.values() for file in files})


def _read_index(path: Path) -> dict[str, list[str]]:
    """The index's `weight_map`: for each entry the names of its files, which are all in its folder."""
    index = read_json_file(path, str(path), MAX_INDEX)
    weight_map = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise PresetFormatError(f"{path}: not a readable index of shards (no 'weight_map'). Get it again.")
    entries = {entry: files if isinstance(files, list) else [files] for entry, files in weight_map.items()}
    for name in (name for files in entries.values() for name in files):
        if not isinstance(name, str) or "/" in name:
            raise UnsafePresetError(
                f"{path}: not an index of shards ({name!r:.200} is not a plain file name). Do not use this preset."
            )
        check_plain(name, str(path))
    return entries


# The longer endings first: an index file's name contains the ending of the files it lists.
INDICES = {".weights.json": ShardedHDF5Store, ".safetensors.index.json": ShardedSafetensorsStore}
READERS: dict[str, Callable[..., TensorStore]] = {**INDICES, ".h5": HDF5Store, ".safetensors": SafetensorsStore}


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
    """Download weights files, and the shards of indices among them; raises what `open_weights` does."""
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
        locate: Returns the path of a shard by its name; by default shards are in the folder of their index.

    Raises:
        PresetNotFound: There is no such file.
        UnsafePresetError: The file is hostile, or of a kind that can run code.
        PresetFormatError: The file is damaged, or of another kind that modelry does not read.
    """
    if not path.is_file():
        raise PresetNotFound(f"There is no weights file {path}. Check the path, or download the preset again.")
    if path.name.endswith(PICKLES):
        raise UnsafePresetError(
            f"{path}: files that may hold Python pickles can run code, so modelry does not read them. "
            "Convert the weights to safetensors."
        )
    if path.name.endswith(MODELS):
        raise UnsafePresetError(
            f"{path}: files of whole models name the code that they run, so modelry does not read them. Load the model "
            "where you trust it, and save its weights alone, with save_weights('model.weights.h5')."
        )
    for ending, reader in READERS.items():
        if path.name.endswith(ending):
            return reader(path, locate) if ending in INDICES else reader(path)
    raise PresetFormatError(
        f"{path}: not the name of a weights file. modelry reads names that end in {', '.join(sorted(READERS))}."
    )
