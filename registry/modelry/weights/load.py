"""Placing stored tensors into variables.

Every header is checked first, and nothing is placed unless all of them fit.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np

from modelry.checkpoints.sourced_weight import SourcedWeight
from modelry.errors import WeightsError
from modelry.weights.build import place
from modelry.weights.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import keras

    from modelry.weights.tensors import TensorStore

MAX_LISTED = 8


def load_weights(variables: Mapping[str, keras.Variable], store: TensorStore, *, where: str) -> None:
    """Place the tensor of each name into the variable of that name.

    Args:
        variables: The model's weights by name, as `layer_weights` gives them.
        store: The file, whose tensors must be exactly these. Their dtypes may differ.
        where: What to call the file in an error.

    Raises:
        WeightsError: Some variables and tensors do not fit each other. None was placed.
        PresetFormatError: The file was written to in the meantime.
    """
    load_mapped((SourcedWeight(variable, name) for name, variable in variables.items()), store, where=where)


def load_mapped(
    weights: Iterable[SourcedWeight],
    store: TensorStore,
    *,
    where: str,
    optional: Sequence[str] = (),
    ignored: Sequence[str] = (),
) -> list[keras.Variable]:
    """Place the tensors of a foreign checkpoint.

    Args:
        weights: Each variable with its source. Two variables may share a source.
        store: The checkpoint.
        where: What to call the checkpoint in an error.
        optional: Patterns (`pooler.*`) of names that may be missing.
        ignored: Patterns of tensors that need not be taken.

    Returns:
        The variables of the optional weights that were missing. They have no value yet.

    Raises:
        WeightsError: Some variables and tensors do not fit each other. None was placed.
        PresetFormatError: The file was written to in the meantime.
    """
    weights = list(weights)
    stored = set(store.names())
    found: list[tuple[SourcedWeight, str, str | None]] = []
    missing: list[keras.Variable] = []
    problems: list[str] = []
    for weight in weights:
        name = next((name for name in weight.names if name in stored), None)
        plus = next((name for name in weight.plus if name in stored), None)
        if name is not None:
            problems += _misfit(_expected(weight), name, store.info(name))
            problems += [] if plus is None else _plus_misfit(weight, plus, store.info(plus))
            found.append((weight, name, plus))
        elif not weight.names or any(_matches(name, optional) for name in weight.names):
            missing.append(weight.variable)
        else:
            problems.append(f"{' or '.join(weight.names)}: expected {_expected(weight)}, missing")
    taken = {name for _, *names in found for name in names}
    problems += [
        f"{name}: in the file ({store.info(name)}), but nothing in the model takes it"
        for name in sorted(stored - taken)
        if not _matches(name, ignored)
    ]
    if problems:
        raise WeightsError(_report(problems, where, len(weights), len(stored)))
    for weight, name, plus in found:
        array = weight.layout.read(store.read(name), tuple(weight.variable.shape))
        if plus is not None:
            array = array + store.read(plus)[0]
        if not place(weight.variable, array):
            store.release(name)  # or the file and the model would be in memory both
    store.check_unchanged()
    return missing


def _misfit(expected: TensorInfo, name: str, info: TensorInfo) -> list[str]:
    if info.shape == expected.shape and _kind(info.dtype) == _kind(expected.dtype):
        return []
    return [f"{name}: expected {expected}, found {info}"]


def _expected(weight: SourcedWeight) -> TensorInfo:
    """The header that a tensor for `weight` has in the file, but for the precision of its numbers."""
    return TensorInfo(weight.layout.stored_shape(tuple(weight.variable.shape)), np.dtype(weight.variable.dtype))


def _plus_misfit(weight: SourcedWeight, name: str, info: TensorInfo) -> list[str]:
    """Compare the tensor whose first row is added to those of `weight`; what others it has is all the same."""
    columns = _expected(weight).shape[1:]
    rows = max(info.shape[0], 1) if info.shape else 1
    return _misfit(TensorInfo((rows, *columns), np.dtype(weight.variable.dtype)), name, info)


def _kind(dtype: np.dtype[np.generic]) -> str:
    """Floats (`ml_dtypes`' are of NumPy's kind V), integers or booleans. A cast between these loses meaning."""
    return {"V": "f", "u": "i"}.get(dtype.kind, dtype.kind)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _report(problems: list[str], where: str, weights: int, tensors: int) -> str:
    listed = problems[:MAX_LISTED]
    if len(problems) > len(listed):
        listed.append(f"... and {len(problems) - len(listed)} more")
    return "\n  ".join(
        [
            f"{where} does not fit the model: {len(problems)} problem(s) between the model's {weights} weights and the "
            f"file's {tensors} tensors. Nothing was loaded.",
            *listed,
            "Build the model with the configuration that these weights were saved with, or choose other weights.",
        ]
    )
