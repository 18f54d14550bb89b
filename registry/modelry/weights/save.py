"""Writing weights files: one variable in memory at a time, the same bytes for the same values.

Every file is written under another name and then renamed. A model may still be using a map of the file that stood
there, which a rename leaves alone and a write into it would destroy.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeAlias

import h5py
import keras
import ml_dtypes
import numpy as np
from attrs import frozen

from modelry._atomic import atomic_file
from modelry.errors import SaveError
from modelry.weights.safetensors import DTYPES
from modelry.weights.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Value: TypeAlias = keras.Variable | np.ndarray[Any, Any]

GIB = 1 << 30
# Backends share memory that starts on this boundary, and copy any other.
ALIGNMENT = 64

FLOATS = ("bfloat16", "float16", "float32")
"""The dtypes that weights may be stored in, whatever the model computes in."""


@frozen
class _Weight:
    """One weight that is to be written.

    Attributes:
        name: Its stored name.
        value: The variable or array.
        dtype: What to store it in if its numbers are floats; `None` for what they are.
    """

    name: str
    value: Value
    dtype: str | None

    @property
    def info(self) -> TensorInfo:
        """Shape and dtype in the file."""
        own = np.dtype(self.value.dtype)
        is_float = own.kind == "f" or own == ml_dtypes.bfloat16
        return TensorInfo(tuple(self.value.shape), np.dtype(self.dtype) if self.dtype and is_float else own)

    def array(self) -> np.ndarray[Any, Any]:
        """Return the values as they are stored."""
        try:
            with np.errstate(over="raise"):
                return _array(self.value).astype(self.info.dtype, copy=False)
        except FloatingPointError:
            raise SaveError(
                f"The weight {self.name!r} has numbers that {self.dtype} cannot hold. Save with dtype='bfloat16', "
                "whose range is that of float32, or without dtype=."
            ) from None


def values(variable: keras.Variable) -> np.ndarray[Any, Any]:
    """Return the values of `variable`, in its own dtype; they may share its memory, so they are for reading.

    Raises:
        WeightsError: It has no value yet.
    """
    value = variable.value
    if keras.backend.backend() != "torch":
        return np.asarray(value)
    import torch

    tensor = value.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        return np.asarray(tensor.contiguous().view(torch.int16).numpy()).view(ml_dtypes.bfloat16)
    return np.asarray(tensor.numpy())


def save_hdf5(
    path: Path, variables: Mapping[str, Value], *, max_shard_size: float | None = None, dtype: str | None = None
) -> tuple[Path, ...]:
    """Write weights the way Keras and KerasHub store them.

    Args:
        path: `*.weights.h5`.
        variables: Each weight by its stored name, as `layer_weights` gives them.
        max_shard_size: The largest file, in GiB. Beyond it `model.weights.h5` becomes `model.weights.json` and
            `model_00000.weights.h5`, `model_00001.weights.h5`, … .
        dtype: One of `FLOATS` to store floats in; `None` for what they are.

    Returns:
        The files that were written, the one to open first.

    Raises:
        SaveError: A weight is larger than `max_shard_size`, has no value, or has numbers that `dtype` cannot hold.
    """
    stem = _stem(path, ".weights.h5")
    shards = _split(variables, max_shard_size, dtype)
    if len(shards) == 1:
        _write_hdf5(path, shards[0])
        return (path,)
    files = [path.with_name(f"{stem}_{number:05}.weights.h5") for number in range(len(shards))]
    placed: dict[str, list[str]] = {}  # group → the files of each of its variables
    for file, shard in zip(files, shards, strict=True):
        _write_hdf5(file, shard)
        for weight in shard:
            placed.setdefault("/" + weight.name.rpartition("/")[0], []).append(file.name)
    # KerasHub writes a text for the group of a single variable and a list for any other.
    weight_map = {group: sorted(set(found)) if len(found) > 1 else found[0] for group, found in placed.items()}
    index = path.with_name(f"{stem}.weights.json")
    _write_index(index, float(_size(shards)), weight_map)
    return index, *files


def save_safetensors(
    path: Path,
    variables: Mapping[str, Value],
    *,
    max_shard_size: float | None = None,
    metadata: Mapping[str, str] | None = None,
    dtype: str | None = None,
) -> tuple[Path, ...]:
    """Write weights as safetensors, every tensor whose size allows it on a 64-byte boundary.

    Args:
        path: `*.safetensors`.
        variables: Each weight by its stored name.
        max_shard_size: The largest file, in GiB. Beyond it `model.safetensors` becomes
            `model.safetensors.index.json` and `model-00001-of-00002.safetensors`, … , as transformers names them.
        metadata: Texts for the header.
        dtype: One of `FLOATS` to store floats in; `None` for what they are.

    Returns:
        The files that were written, the one to open first.

    Raises:
        SaveError: A weight is larger than `max_shard_size`, has no value, or has numbers that `dtype` cannot hold.
    """
    stem = _stem(path, ".safetensors")
    shards = _split(variables, max_shard_size, dtype)
    if len(shards) == 1:
        _write_safetensors(path, shards[0], metadata)
        return (path,)
    files = [path.with_name(f"{stem}-{number + 1:05}-of-{len(shards):05}.safetensors") for number in range(len(shards))]
    for file, shard in zip(files, shards, strict=True):
        _write_safetensors(file, shard, metadata)
    weight_map = {weight.name: file.name for file, shard in zip(files, shards, strict=True) for weight in shard}
    index = path.with_name(f"{path.name}.index.json")
    _write_index(index, _size(shards), weight_map)
    return index, *files


def _write_hdf5(path: Path, weights: Sequence[_Weight]) -> None:
    # Only large values are aligned: a hole before each bias would be larger than the bias.
    aligned = {"alignment_threshold": 1024, "alignment_interval": ALIGNMENT}
    with atomic_file(path) as file, h5py.File(file, "w", **aligned) as h5:
        for weight in weights:
            array = weight.array()
            dataset = h5.create_dataset(weight.name, data=array)
            if array.dtype == ml_dtypes.bfloat16:
                dataset.attrs["dtype"] = "bfloat16"  # HDF5 itself only sees two bytes


def _write_safetensors(path: Path, weights: Sequence[_Weight], metadata: Mapping[str, str] | None) -> None:
    # The format has no room between tensors, so those whose size keeps the next one aligned come first.
    weights = sorted(weights, key=lambda weight: (-math.gcd(weight.info.nbytes, ALIGNMENT), weight.name))
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    offset = 0
    for weight in weights:
        info = weight.info
        end = offset + info.nbytes
        header[weight.name] = {
            "dtype": _code(weight.name, info),
            "shape": list(info.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    with atomic_file(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for weight in weights:
            array = weight.array()
            file.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data)


def _write_index(path: Path, total_size: float, weight_map: Mapping[str, str | list[str]]) -> None:
    index = {"metadata": {"total_size": total_size}, "weight_map": weight_map}
    with atomic_file(path) as file:
        file.write((json.dumps(index, indent=4) + "\n").encode())


def _split(variables: Mapping[str, Value], max_shard_size: float | None, dtype: str | None) -> list[list[_Weight]]:
    """Each shard's weights by name, so that the order of `variables` does not show in the files."""
    limit = math.inf if max_shard_size is None else max_shard_size * GIB
    shards: list[list[_Weight]] = [[]]
    room = limit
    for weight in (_Weight(name, variables[name], dtype) for name in sorted(variables)):
        size = weight.info.nbytes
        if size > limit:
            raise SaveError(
                f"The weight {weight.name!r} takes {size / GIB:.6g} GiB, more than max_shard_size={max_shard_size}, "
                "and one weight cannot be split. Choose a larger max_shard_size."
            )
        if size > room:
            shards.append([])
            room = limit
        shards[-1].append(weight)
        room -= size
    return shards


def _array(value: Value) -> np.ndarray[Any, Any]:
    return values(value) if isinstance(value, keras.Variable) else value


def _size(shards: Sequence[Sequence[_Weight]]) -> int:
    return sum(weight.info.nbytes for shard in shards for weight in shard)


def _code(name: str, info: TensorInfo) -> str:
    for code, dtype in DTYPES.items():
        if dtype == info.dtype.newbyteorder("<"):
            return code
    raise SaveError(f"The weight {name!r} is {info.dtype.name}, which safetensors files cannot hold.")


def _stem(path: Path, ending: str) -> str:
    if not path.name.endswith(ending) or path.name == ending:
        raise SaveError(f"{path}: the name of such a weights file ends in {ending}.")
    return path.name.removesuffix(ending)
