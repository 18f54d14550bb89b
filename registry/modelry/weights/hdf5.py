"""Reading the HDF5 weights files that Keras and KerasHub write.

The layout is Keras': groups below `layers`, and in each a group `vars` with the datasets `0`, `1`, … . The names here
are the paths of those datasets, `layers/dense/vars/0`. A file may come from anyone, so nothing that HDF5 could do
beyond that layout is allowed: links, other files, virtual data, and shapes with nothing behind them.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import h5py
import ml_dtypes
import numpy as np
from attrs import frozen

from modelry.errors import PresetFormatError
from modelry.weights.memory_map import FileMap
from modelry.weights.tensors import TensorInfo, TensorStore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

# What the groups at the top are called here. Files of TF 2.13 spell the first differently.
ROOTS = {"layers": "layers", "_layer_checkpoint_dependencies": "layers", "vars": "vars"}
# Older Keras stored the state of dropout's random generator, in one of these two places.
GENERATOR = re.compile(r"(^|/)(_?seed_generator|_random_generator)(_\d+)?/")
DROPOUT_STATE = re.compile(r"dropout(_layer)?(_\d+)?/vars/\d+$")
MAX_DEPTH = 64
MAX_EXPANSION = 1000  # about what deflate can do; only fill values expand further
FREE_EXPANSION = 1 << 26  # below 64 MiB an expansion can do no harm

# h5py raises all of these on damaged metadata, sometimes for the same damage at different places.
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)


@frozen
class _Stored:
    info: TensorInfo
    path: str  # inside the file, which differs from the name in files of TF 2.13
    offset: int | None  # of contiguous values; None where only h5py can read them


class HDF5Store(TensorStore):
    """The tensors of one `*.weights.h5` file.

    Args:
        path: The file.

    Raises:
        PresetFormatError: It is damaged, or holds something other than plain Keras weights.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._map = FileMap(path)
        try:
            with h5py.File(path, "r") as file:
                self._stored = dict(_walk(file, self._map.size))
        except _RefusedError as refused:
            message = f"{path}: {refused}. Do not use this file; get it from its publisher again."
            raise PresetFormatError(message) from None
        except DAMAGE as damage:
            raise self._damaged(damage) from damage

    def names(self) -> Collection[str]:
        """The path of every dataset that holds a weight."""
        return self._stored.keys()

    def info(self, name: str) -> TensorInfo:
        """Shape and dtype of one dataset."""
        return self._stored[name].info

    def read(self, name: str) -> np.ndarray[Any, Any]:
        """The values of one dataset; mapped where they are contiguous, else read through h5py."""
        stored = self._stored[name]
        if stored.offset is not None:
            return self._map.array(stored.info, stored.offset)
        try:
            with h5py.File(self.path, "r") as file:
                values = np.asarray(file[stored.path][()])
        except DAMAGE as damage:
            raise self._damaged(damage) from damage
        if stored.info.dtype == ml_dtypes.bfloat16:
            values = values.view(ml_dtypes.bfloat16)
        return np.require(values, stored.info.dtype.newbyteorder("="), ["C", "WRITEABLE"]).reshape(stored.info.shape)

    def _damaged(self, damage: Exception) -> PresetFormatError:
        return PresetFormatError(
            f"{self.path}: not a readable HDF5 file ({damage}). It is damaged or was cut off while it was copied; "
            "delete it and get it again."
        )


class _RefusedError(Exception):
    """Something that a weights file has no business holding."""


def _walk(file: h5py.File, size: int) -> Iterator[tuple[str, _Stored]]:
    present = [root for root in ROOTS if _child_kind(file, root) is not None]
    if "layers" in present and "_layer_checkpoint_dependencies" in present:
        raise _RefusedError("it holds both 'layers' and '_layer_checkpoint_dependencies'")
    seen: set[int] = set()
    for root in present:
        for path, dataset in _datasets(file, root, seen, 0):
            name = ROOTS[root] + path.removeprefix(root)
            info = _describe(dataset, path)
            if not _is_generator_state(name, info):
                yield name, _Stored(info, path, _offset(dataset, path, info, size))


def _datasets(parent: h5py.Group, path: str, seen: set[int], depth: int) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every dataset at or below `path`, depth first, each with its path."""
    if depth > MAX_DEPTH:
        raise _RefusedError(f"'{path}' is nested deeper than {MAX_DEPTH} groups")
    name = path.rsplit("/", 1)[-1]
    if _child_kind(parent, name) != h5py.h5l.TYPE_HARD:
        raise _RefusedError(f"'{path}' is a link to somewhere else")
    child = parent[name]
    # Hard links can form cycles, and a few of them paths without number. Keras gives every object one name.
    address = h5py.h5o.get_info(child.id).addr
    if address in seen:
        raise _RefusedError(f"'{path}' is another name of an object that occurs before it")
    seen.add(address)
    if isinstance(child, h5py.Dataset):
        yield path, child
    elif isinstance(child, h5py.Group):
        for key in child:
            yield from _datasets(child, f"{path}/{key}", seen, depth + 1)
    else:
        raise _RefusedError(f"'{path}' is neither a group nor a dataset")


def _child_kind(parent: h5py.Group, name: str) -> int | None:
    """The type of the link `name` in `parent`, which following it would hide; None where there is no such link."""
    encoded = name.encode()
    return int(parent.id.links.get_info(encoded).type) if parent.id.links.exists(encoded) else None


def _describe(dataset: h5py.Dataset, path: str) -> TensorInfo:
    """Shape and dtype, without reading any value."""
    if dataset.shape is None:
        raise _RefusedError(f"'{path}' holds nothing")
    dtype = dataset.dtype
    if dtype == np.dtype("V2") and _says_bfloat16(dataset.attrs):
        dtype = np.dtype(ml_dtypes.bfloat16)
    if dtype.kind not in "fiub" and dtype != ml_dtypes.bfloat16:
        raise _RefusedError(f"'{path}' holds {dtype}, which is not a kind of number that weights have")
    return TensorInfo(tuple(dataset.shape), dtype)


def _says_bfloat16(attributes: h5py.AttributeManager) -> bool:
    """Keras' note on a dataset of two-byte values. Its shape goes first: reading allocates what that declares."""
    return "dtype" in attributes and attributes.get_id("dtype").shape == () and attributes["dtype"] == "bfloat16"


def _offset(dataset: h5py.Dataset, path: str, info: TensorInfo, size: int) -> int | None:
    """Where the values start, if they lie in one piece; and proof that there are values behind the shape."""
    plan = dataset.id.get_create_plist()
    layout = plan.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        raise _RefusedError(f"'{path}' is a virtual dataset, which may read other files")
    if plan.get_external_count():
        raise _RefusedError(f"'{path}' keeps its values in another file")
    if not info.nbytes:
        return None
    stored = dataset.id.get_storage_size()
    if info.nbytes > FREE_EXPANSION and info.nbytes > MAX_EXPANSION * stored:
        raise _RefusedError(f"'{path}' declares {math.prod(info.shape):,} values but stores {stored:,} bytes")
    if layout != h5py.h5d.CONTIGUOUS:
        return None
    offset = dataset.id.get_offset()
    if offset is None or stored < info.nbytes:
        raise _RefusedError(
            f"'{path}' declares {info.nbytes:,} bytes but stores {stored if offset is not None else 0:,}"
        )
    if offset + info.nbytes > size:
        raise OSError(f"'{path}' ends at byte {offset + info.nbytes:,} of a file of {size:,} bytes")
    return int(offset)


def _is_generator_state(name: str, info: TensorInfo) -> bool:
    """Whether older Keras stored the state of a random generator here, which is no weight."""
    return bool(GENERATOR.search(name)) or (info.dtype.kind in "iu" and bool(DROPOUT_STATE.search(name)))
