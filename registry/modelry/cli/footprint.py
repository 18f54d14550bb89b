"""Memory that the weights of a preset take, from the headers of its files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.weights.tensors import TensorInfo, TensorStore

ITEM_BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "mixed_float16": 4, "mixed_bfloat16": 4}
"""The dtype policies, and how many bytes a number of a weight takes under each."""


def footprint(stores: Sequence[TensorStore], dtype: str, rearranged: bool) -> dict[str, Any]:
    """Return the number of parameters, and how many bytes loading them takes.

    Args:
        stores: The files of weights, opened.
        dtype: The dtype policy of the model.
        rearranged: Whether the files are a foreign checkpoint's, whose matrices lie otherwise than in Keras.
    """
    infos = [store.info(name) for store in stores for name in store.names()]
    variable = "float32" if dtype.startswith("mixed_") else dtype
    converted = [info for info in infos if rearranged or (_is_float(info) and info.dtype.name != variable)]
    taken = sum(
        math.prod(info.shape) * (ITEM_BYTES[dtype] if _is_float(info) else info.dtype.itemsize) for info in infos
    )
    extra = max((info.nbytes for info in converted), default=0)
    formula = f"weights as {variable}"
    formula += ", and the largest tensor once more while it is converted" if converted else ", mapped from the file"
    return {
        "parameters": sum(math.prod(info.shape) for info in infos),
        "stored_dtypes": sorted({info.dtype.name for info in infos}),
        "stored_bytes": sum(info.nbytes for info in infos),
        "dtype": variable,
        "bytes": taken,
        "peak_bytes": taken + extra,
        "formula": formula,
    }


def _is_float(info: TensorInfo) -> bool:
    return info.dtype.kind in "fV"  # ml_dtypes' floats are of NumPy's kind V
