"""Weights in oneDNN's own layout, for predictions with PyTorch on a CPU.

PyTorch multiplies by a weight as it lies in memory, and oneDNN rearranges it each time or leaves the work to a slower
library. A weight that is rearranged once makes predictions up to twice as fast. PyTorch has the operators, which its
compiler uses, but no public name for them; so they are tried out, and plain PyTorch does the work where they fail.
"""

from __future__ import annotations

import contextlib
import functools
import weakref
from typing import TYPE_CHECKING, Any

import attrs
import keras

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


WORTHWHILE = 64  # texts; rearranging takes about as long as predicting so many, and memory

_KEPT: weakref.WeakKeyDictionary[keras.Model, dict[int, Weight]] = weakref.WeakKeyDictionary()


@attrs.define(eq=False)
class Weight:
    """A kernel of a dense layer.

    Attributes:
        kernel: The tensor, whose first axes are the inputs'.
        bias: What the layer adds to the product, or None.
        version: The kernel's version when it was rearranged.
        packed: The kernel in oneDNN's layout, or None.
    """

    kernel: Any
    bias: Any
    version: int = -1
    packed: Any = None


@contextlib.contextmanager
def prepacked(model: keras.Model, texts: int | None) -> Iterator[None]:
    """Predict with rearranged weights inside, where that works: PyTorch, on a CPU, with oneDNN.

    The rearranged copies are kept for the next predictions, and replaced when a weight has changed. Earlier predictions
    do not decide whether they are used: the last digits of scores differ with it, and the same texts must have the same
    scores in every process.

    Args:
        model: The model.
        texts: How many texts are predicted; `None` for any number.
    """
    if keras.backend.backend() != "torch" or (texts is not None and texts < WORTHWHILE):
        yield
        return
    weights = _KEPT[model] = _current(model, _KEPT.get(model, {}))
    if not weights:
        yield
        return
    from modelry.runtime.onednn_torch import PrepackedMode

    with PrepackedMode(weights):
        yield


def release(model: keras.Model) -> None:
    """Forget the rearranged copies of a model's weights, whose memory is free then."""
    _KEPT.pop(model, None)


def _current(model: keras.Model, known: Mapping[int, Weight]) -> dict[int, Weight]:
    """Return the kernels of a model's dense layers by the identity of their tensor; those `known` keep their copies."""
    weights = {}
    for layer in model._flatten_layers():
        if not (type(layer) is keras.layers.Dense or type(layer) is keras.layers.EinsumDense):
            continue
        kernel, bias = layer.kernel, layer.bias
        if not isinstance(kernel, keras.Variable):  # with LoRA it is a sum, computed each time
            continue
        tensor = kernel.value
        if not _usable(tensor.device.type, str(tensor.dtype)):
            continue
        weight = known.get(id(tensor))
        if weight is None or weight.kernel is not tensor:
            weight = Weight(tensor, None if bias is None else bias.value)
        elif weight.version != tensor._version:
            weight.packed = None
        weights[id(tensor)] = weight
    return weights


@functools.cache
def _usable(device: str, dtype: str) -> bool:
    """Return whether the operators exist on this machine, and compute what they should."""
    if device != "cpu" or dtype not in ("torch.float32", "torch.bfloat16"):
        return False
    import torch

    from modelry.runtime.onednn_torch import multiply, rearrange

    kind = torch.float32 if dtype == "torch.float32" else torch.bfloat16
    x = torch.linspace(-1, 1, 3 * 32, dtype=torch.float32).reshape(3, 32).to(kind)
    kernel = torch.linspace(-1, 2, 32 * 48, dtype=torch.float32).reshape(32, 48).to(kind)
    bias = torch.linspace(-1, 1, 48, dtype=torch.float32).to(kind)
    try:
        with torch.no_grad():
            product = multiply(x, rearrange(kernel, 32), bias)
    except (AttributeError, RuntimeError, NotImplementedError, TypeError):
        return False
    expected = x.float() @ kernel.float() + bias.float()
    return bool(torch.allclose(product.float(), expected, rtol=0.02 if kind is torch.bfloat16 else 1e-5, atol=0.02))
