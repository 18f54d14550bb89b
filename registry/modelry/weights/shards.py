"""Reading weights that are split over several files, with a JSON index that says what lies where."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from modelry.errors import PresetFormatError, PresetNotFound, UnsafePresetError
from modelry.storage.names import check_plain
from modelry.strict_json import read_json_file
from modelry.weights.hdf5 import HDF5Store
from modelry.weights.safetensors import SafetensorsStore
from modelry.weights.tensors import TensorStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import numpy as np

    from modelry.weights.tensors import TensorInfo

_MIXED = "The files come from different saves, or one was damaged; get all of them again."
MAX_INDEX = 1 << 26  # bytes; an index of a hundred thousand tensors takes a tenth of it


class _ShardedStore(TensorStore):
    """Tensors in the files that an index lists.

    Args:
        path: The index.
        locate: Returns the path of a shard by its name; by default it lies beside the index.

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
        """Whether an entry of the index is about weights; what else there is, the shards' reader leaves out."""
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
    """The index's `weight_map`: for each entry the names of its files, which all exist beside it."""
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
