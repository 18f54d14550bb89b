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

from modelry.errors import PresetFormatError, UnsafePresetError
from modelry.storage.options import FREE_EXPANSION
from modelry.weights.tensors import FileMap, TensorInfo, TensorStore, check_tensor_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

# What the groups at the top are called here. Files of TF 2.13 spell the first differently.
ROOTS = {"layers": "layers", "_layer_checkpoint_dependencies": "layers", "vars": "vars"}
# Older Keras stored the state of dropout's random generator, in one of these two places.
GENERATOR = re.compile(r"(^|/)(_?seed_generator|_random_generator)(_\d+)?/")
DROPOUT_STATE = re.compile(r"dropout(_layer)?(_\d+)?/vars/\d+$")
MAX_DEPTH = 64
# For any other, HDF5 would look for a program in a folder of this machine.
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF}
MAX_EXPANSION = 200  # far more than weights are compressed, and far less than deflate can do

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
        UnsafePresetError: It holds something other than plain Keras weights.
        PresetFormatError: It is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._map = FileMap(path)
        try:
            with h5py.File(path, "r") as file:
                self._stored = dict(_walk(file, self._map.size))
        except _RefusedError as refused:
            message = f"{path}: {refused}. Do not use this file; get it from its publisher again."
            raise UnsafePresetError(message) from None
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

    def release(self, name: str) -> None:
        """Give back the memory of one dataset."""
        stored = self._stored[name]
        if stored.offset is not None:
            self._map.release(stored.info, stored.offset)

    def check_unchanged(self) -> None:
        """Check that the file is still what it was."""
        self._map.check_unchanged()

    def _damaged(self, damage: Exception) -> PresetFormatError:
        return PresetFormatError(
            f"{self.path}: not a readable HDF5 file ({damage}). It is damaged or was cut off while it was copied; "
            "delete it and get it again."
        )


class _RefusedError(Exception):
    """Content that a weights file must not have."""


def _walk(file: h5py.File, size: int) -> Iterator[tuple[str, _Stored]]:
    """Every weight below the roots. On h5py's low level, whose objects cost half of what `Group` and `Dataset` do."""
    root = h5py.h5g.open(file.id, b"/")
    if h5py.h5a.exists(root, b"model_config"):
        raise _RefusedError("it holds a whole model, with names of the code to run, and not weights alone")
    links = [link for link in _links(root) if link[0] in ROOTS]
    if {"layers", "_layer_checkpoint_dependencies"} <= {name for name, _, _ in links}:
        raise _RefusedError("it holds both 'layers' and '_layer_checkpoint_dependencies'")
    for path, dataset in _datasets(root, links, "", set(), 0):
        top, _, rest = path.partition("/")
        name = f"{ROOTS[top]}/{rest}" if rest else ROOTS[top]
        check_tensor_name(name)
        info = _describe(dataset, path)
        if not _is_generator_state(name, info):
            yield name, _Stored(info, path, _offset(dataset, path, info, size))


def _links(group: h5py.h5g.GroupID) -> list[tuple[str, int, int]]:
    """The links of `group`, unfollowed: name, kind and, of a hard link, the address of the object."""
    links: list[tuple[bytes, int, int]] = []
    group.links.iterate(lambda name, info: links.append((name, info.type, info.u)), info=True)
    return [(name.decode(), kind, address) for name, kind, address in links]  # h5py lets no callback raise


def _datasets(
    group: h5py.h5g.GroupID, links: list[tuple[str, int, int]], prefix: str, seen: set[int], depth: int
) -> Iterator[tuple[str, h5py.h5d.DatasetID]]:
    """Every dataset at or below the `links` of `group`, depth first, each with its path."""
    for name, kind, address in links:
        path = prefix + name
        if depth > MAX_DEPTH:
            raise _RefusedError(f"'{path}' is nested deeper than {MAX_DEPTH} groups")
        if kind != h5py.h5l.TYPE_HARD:
            raise _RefusedError(f"'{path}' is a link to somewhere else")
        # Hard links can form cycles, and a few of them paths without number. Keras gives every object one name.
        if address in seen:
            raise _RefusedError(f"'{path}' is another name of an object that occurs before it")
        seen.add(address)
        child = h5py.h5o.open(group, name.encode())
        if isinstance(child, h5py.h5d.DatasetID):
            yield path, child
        elif isinstance(child, h5py.h5g.GroupID):
            yield from _datasets(child, _links(child), f"{path}/", seen, depth + 1)
        else:
            raise _RefusedError(f"'{path}' is neither a group nor a dataset")


def _describe(dataset: h5py.h5d.DatasetID, path: str) -> TensorInfo:
    """Shape and dtype, without reading any value."""
    if dataset.get_space().get_simple_extent_type() == h5py.h5s.NULL:
        raise _RefusedError(f"'{path}' holds nothing")
    dtype = dataset.dtype
    if dtype == np.dtype("V2") and _has_note(dataset):
        dtype = np.dtype(ml_dtypes.bfloat16)
    if dtype.kind not in "fiub" and dtype != ml_dtypes.bfloat16:
        raise _RefusedError(f"'{path}' holds {dtype}, which is not a kind of number that weights have")
    return TensorInfo(tuple(dataset.shape), dtype)


def _has_note(dataset: h5py.h5d.DatasetID) -> bool:
    """Return whether a dataset has the text attribute by which Keras marks two-byte values as bfloat16.

    The text itself is not read: it lies in a heap of the file, and HDF5 may hang on a damaged heap.
    """
    if not h5py.h5a.exists(dataset, b"dtype"):
        return False
    note = h5py.h5a.open(dataset, b"dtype")
    return bool(note.shape == () and note.get_type().get_class() == h5py.h5t.STRING)


def _offset(dataset: h5py.h5d.DatasetID, path: str, info: TensorInfo, size: int) -> int | None:
    """Return the offset of contiguous values, `None` for others; check that the file holds values for the shape."""
    plan = dataset.get_create_plist()
    layout = plan.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        raise _RefusedError(f"'{path}' is a virtual dataset, which may read other files")
    if plan.get_external_count():
        raise _RefusedError(f"'{path}' keeps its values in another file")
    for index in range(plan.get_nfilters()):
        if plan.get_filter(index)[0] not in FILTERS:
            raise _RefusedError(f"'{path}' is read by a filter that may be any program on this machine")
    if not info.nbytes:
        return None
    stored = dataset.get_storage_size()
    if layout == h5py.h5d.CHUNKED:
        chunk = plan.get_chunk()
        parts = math.prod(-(-size // part) for size, part in zip(info.shape, chunk, strict=True))
        # A chunk is expanded as a whole, also where the dataset ends in the middle of it.
        expanded = parts * math.prod(chunk) * info.dtype.itemsize
        if expanded > FREE_EXPANSION and expanded > MAX_EXPANSION * stored:
            raise _RefusedError(f"'{path}' declares {expanded:,} bytes but stores {stored:,}")
        lacking = parts - dataset.get_num_chunks()
        if lacking:
            raise _RefusedError(f"'{path}' declares {parts:,} chunks but lacks {lacking:,} of them")
    if layout != h5py.h5d.CONTIGUOUS:
        return None
    offset = dataset.get_offset()
    if offset is None or stored < info.nbytes:
        raise _RefusedError(
            f"'{path}' declares {info.nbytes:,} bytes but stores {stored if offset is not None else 0:,}"
        )
    if offset + info.nbytes > size:
        raise OSError(f"'{path}' ends at byte {offset + info.nbytes:,} of a file of {size:,} bytes")
    return int(offset)


def _is_generator_state(name: str, info: TensorInfo) -> bool:
    """Return whether older Keras stored the state of a random generator here, which is not a weight."""
    return bool(GENERATOR.search(name)) or (info.dtype.kind in "iu" and bool(DROPOUT_STATE.search(name)))
