"""Writing weights files: one variable in memory at a time, the same bytes for the same values.

Every file is written beside its destination and then renamed. A model may still be using a map of the file that stood
there, which a rename leaves alone and a write into it would destroy.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import h5py
import keras
import ml_dtypes
import numpy as np

from modelry._umask import umask
from modelry.errors import SaveError
from modelry.weights.build import values
from modelry.weights.safetensors import DTYPES
from modelry.weights.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    Value: TypeAlias = keras.Variable | np.ndarray[Any, Any]

GIB = 1 << 30
# Backends share memory that starts on this boundary, and copy any other.
ALIGNMENT = 64


def save_hdf5(path: Path, variables: Mapping[str, Value], *, max_shard_size: float | None = None) -> tuple[Path, ...]:
    """Write weights the way Keras and KerasHub store them.

    Args:
        path: `*.weights.h5`.
        variables: Each weight by its stored name, as `layer_weights` gives them.
        max_shard_size: The largest file, in GiB. Beyond it `model.weights.h5` becomes `model.weights.json` and
            `model_00000.weights.h5`, `model_00001.weights.h5`, … .

    Returns:
        The files that were written, the one to open first.

    Raises:
        SaveError: A weight is larger than `max_shard_size`, or has no value.
    """
    stem = _stem(path, ".weights.h5")
    shards = _split(variables, max_shard_size)
    if len(shards) == 1:
        _write_hdf5(path, variables, shards[0])
        return (path,)
    files = [path.with_name(f"{stem}_{number:05}.weights.h5") for number in range(len(shards))]
    placed: dict[str, list[str]] = {}  # group → the files of each of its variables
    for file, names in zip(files, shards, strict=True):
        _write_hdf5(file, variables, names)
        for name in names:
            placed.setdefault("/" + name.rpartition("/")[0], []).append(file.name)
    # KerasHub writes a text for the group of a single variable and a list for any other.
    weight_map = {group: sorted(set(found)) if len(found) > 1 else found[0] for group, found in placed.items()}
    index = path.with_name(f"{stem}.weights.json")
    _write_index(index, float(_size(variables)), weight_map)
    return index, *files


def save_safetensors(
    path: Path,
    variables: Mapping[str, Value],
    *,
    max_shard_size: float | None = None,
    metadata: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """Write weights as safetensors, every tensor whose size allows it on a 64-byte boundary.

    Args:
        path: `*.safetensors`.
        variables: Each weight by its stored name.
        max_shard_size: The largest file, in GiB. Beyond it `model.safetensors` becomes
            `model.safetensors.index.json` and `model-00001-of-00002.safetensors`, … , as transformers names them.
        metadata: Texts for the header.

    Returns:
        The files that were written, the one to open first.

    Raises:
        SaveError: A weight is larger than `max_shard_size`, or has no value.
    """
    stem = _stem(path, ".safetensors")
    shards = _split(variables, max_shard_size)
    if len(shards) == 1:
        _write_safetensors(path, variables, shards[0], metadata)
        return (path,)
    files = [path.with_name(f"{stem}-{number + 1:05}-of-{len(shards):05}.safetensors") for number in range(len(shards))]
    for file, names in zip(files, shards, strict=True):
        _write_safetensors(file, variables, names, metadata)
    weight_map = {name: file.name for file, names in zip(files, shards, strict=True) for name in names}
    index = path.with_name(f"{path.name}.index.json")
    _write_index(index, _size(variables), weight_map)
    return index, *files


def _write_hdf5(path: Path, variables: Mapping[str, Value], names: Sequence[str]) -> None:
    # Only large values are aligned: a hole before each bias would be larger than the bias.
    aligned = {"alignment_threshold": 1024, "alignment_interval": ALIGNMENT}
    with _replacing(path) as file, h5py.File(file, "w", **aligned) as h5:
        for name in names:
            array = _array(variables[name])
            dataset = h5.create_dataset(name, data=array)
            if array.dtype == ml_dtypes.bfloat16:
                dataset.attrs["dtype"] = "bfloat16"  # HDF5 itself only sees two bytes


def _write_safetensors(
    path: Path, variables: Mapping[str, Value], names: Sequence[str], metadata: Mapping[str, str] | None
) -> None:
    infos = {name: _info(variables[name]) for name in names}
    # The format has no room between tensors, so those whose size keeps the next one aligned come first.
    names = sorted(names, key=lambda name: (-math.gcd(infos[name].nbytes, ALIGNMENT), name))
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    offset = 0
    for name in names:
        end = offset + infos[name].nbytes
        code = _code(name, infos[name])
        header[name] = {"dtype": code, "shape": list(infos[name].shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    with _replacing(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            array = _array(variables[name])
            file.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data)


def _write_index(path: Path, total_size: float, weight_map: Mapping[str, str | list[str]]) -> None:
    index = {"metadata": {"total_size": total_size}, "weight_map": weight_map}
    with _replacing(path) as file:
        file.write((json.dumps(index, indent=4) + "\n").encode())


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes `path`'s place once it is complete."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "w+b") as file:
            yield file
        os.chmod(name, 0o666 & ~umask())  # mkstemp's own mode keeps everybody else out
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _split(variables: Mapping[str, Value], max_shard_size: float | None) -> list[list[str]]:
    """The names of each shard's weights, sorted, so that the order of `variables` does not show in the files."""
    limit = math.inf if max_shard_size is None else max_shard_size * GIB
    shards: list[list[str]] = [[]]
    room = limit
    for name in sorted(variables):
        size = _info(variables[name]).nbytes
        if size > limit:
            raise SaveError(
                f"The weight {name!r} takes {size / GIB:.6g} GiB, more than max_shard_size={max_shard_size}, and one "
                "weight cannot be split. Choose a larger max_shard_size."
            )
        if size > room:
            shards.append([])
            room = limit
        shards[-1].append(name)
        room -= size
    return shards


def _info(value: Value) -> TensorInfo:
    return TensorInfo(tuple(value.shape), np.dtype(value.dtype))


def _size(variables: Mapping[str, Value]) -> int:
    return sum(_info(value).nbytes for value in variables.values())


def _array(value: Value) -> np.ndarray[Any, Any]:
    return values(value) if isinstance(value, keras.Variable) else value


def _code(name: str, info: TensorInfo) -> str:
    for code, dtype in DTYPES.items():
        if dtype == info.dtype.newbyteorder("<"):
            return code
    raise SaveError(f"The weight {name!r} is {info.dtype.name}, which safetensors files cannot hold.")


def _stem(path: Path, ending: str) -> str:
    if not path.name.endswith(ending) or path.name == ending:
        raise SaveError(f"{path}: the name of such a weights file ends in {ending}.")
    return path.name.removesuffix(ending)
