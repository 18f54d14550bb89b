"""Reading safetensors files.

The header is read here rather than through the safetensors package, because mapping a tensor takes its offset, and
because the package lets a name occur twice. The checks are those of the format's specification: every byte belongs to
exactly one tensor.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np

from modelry.errors import PresetFormatError
from modelry.strict_json import parse_json
from modelry.weights.tensors import FileMap, TensorInfo, TensorStore, check_tensor_name

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

MAX_HEADER = 100_000_000  # the specification's limit
DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype("<u1"),
    "I8": np.dtype("<i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
}


class SafetensorsStore(TensorStore):
    """The tensors of one `*.safetensors` file.

    Args:
        path: The file.

    Raises:
        PresetFormatError: It is damaged, or its header does not describe its bytes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._map = FileMap(path)
        try:
            self._infos, self._offsets = _parse(self._map, path)
        except PresetFormatError:
            raise
        except ValueError as problem:
            raise PresetFormatError(
                f"{path}: not a valid safetensors file ({problem}). It is damaged or was cut off while it was copied; "
                "delete it and get it again."
            ) from problem

    def names(self) -> Collection[str]:
        """The name of every tensor, in the header's order."""
        return self._infos.keys()

    def info(self, name: str) -> TensorInfo:
        """Shape and dtype of one tensor."""
        return self._infos[name]

    def read(self, name: str) -> np.ndarray[Any, Any]:
        """The values of one tensor, mapped."""
        return self._map.array(self._infos[name], self._offsets[name])

    def release(self, name: str) -> None:
        """Give back the memory of one tensor."""
        self._map.release(self._infos[name], self._offsets[name])

    def check_unchanged(self) -> None:
        """Check that the file is still what it was."""
        self._map.check_unchanged()


def _parse(file: FileMap, path: Path) -> tuple[dict[str, TensorInfo], dict[str, int]]:
    """Each tensor's description and the offset of its first byte in the file."""
    length = int.from_bytes(file.head(8), "little")
    start = 8 + length  # of the values
    if file.size < 8 or length > min(MAX_HEADER, file.size - 8):
        raise ValueError(f"a header of {length:,} bytes in a file of {file.size:,}")
    header = file.head(start)[8:]
    if not header.startswith(b"{"):
        raise ValueError("the header does not start with '{'")
    entries = parse_json(header, f"The header of {path}", MAX_HEADER)
    _check_metadata(entries.pop("__metadata__", {}))
    infos: dict[str, TensorInfo] = {}
    spans: list[tuple[int, int, str]] = []
    for name, entry in entries.items():
        infos[name], begin, end = _entry(name, entry)
        spans.append((begin, end, name))
    covered = 0
    for begin, end, name in sorted(spans):
        if begin != covered:
            raise ValueError(f"tensor {name!r} starts at byte {begin:,} of the values, {covered:,} was expected")
        covered = end
    if start + covered != file.size:
        raise ValueError(f"the tensors take {covered:,} bytes, the file has {file.size - start:,} for them")
    return infos, {name: start + begin for begin, _, name in spans}


def _entry(name: str, entry: object) -> tuple[TensorInfo, int, int]:
    """One entry of the header: description, first byte, byte after the last."""
    check_tensor_name(name)
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {name!r} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"tensor {name!r} has the dtype {dtype!r}, which modelry does not read")
    if not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2:
        raise ValueError(f"tensor {name!r} has the shape {shape!r:.80} at {offsets!r:.80}")
    begin, end = offsets
    if end - begin != math.prod(shape) * DTYPES[dtype].itemsize:
        raise ValueError(f"tensor {name!r}, {shape!r:.80} {dtype}, is given {end - begin:,} bytes")
    return TensorInfo(tuple(shape), DTYPES[dtype]), begin, end


def _naturals(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 1 << 63 for item in value)


def _check_metadata(metadata: object) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("__metadata__ is not a table of texts")
