"""The part of `prepacked` that needs PyTorch: its operators, and the mode that puts them in the others' place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from collections.abc import Mapping


TYPICAL_ROWS = 2048  # of a batch: what oneDNN chooses a layout for


class PrepackedMode(TorchFunctionMode):  # type: ignore[misc, unused-ignore]  # Any where PyTorch is missing
    """Multiplies by rearranged weights inside; everything else is PyTorch's own.

    Args:
        weights: The weights to look out for, by the identity of their tensor.
    """

    def __init__(self, weights: Mapping[int, Any]) -> None:
        super().__init__()
        self._weights = weights
        self._product: Any = None
        self._bias: Any = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function of PyTorch, or what stands in for it."""
        if not kwargs:
            if func is torch.add and args[0] is self._product and args[1] is self._bias:
                product, self._product = self._product, None
                return product  # it holds the bias already
            if func is torch.matmul or func is torch.einsum:
                *_, x, kernel = args
                weight = self._weights.get(id(kernel))
                contracted = _contracted(args[0], x, kernel) if func is torch.einsum and weight else 1
                if weight is not None and contracted and len(args) == (3 if func is torch.einsum else 2):
                    return self._multiply(x, weight, contracted)
        return func(*args, **(kwargs or {}))

    def _multiply(self, x: Any, weight: Any, contracted: int) -> Any:
        """Multiply the last axes of `x` with the first ones of a weight, as many as are `contracted`."""
        kept, size = x.shape[: x.ndim - contracted], math.prod(x.shape[x.ndim - contracted :])
        shape = (*kept, *weight.kernel.shape[contracted:])
        if weight.packed is None:
            weight.packed, weight.version = rearrange(weight.kernel, size), weight.kernel._version
        fits = weight.bias is not None and weight.bias.numel() == math.prod(weight.kernel.shape[contracted:])
        bias = weight.bias.reshape(-1) if fits else None
        product = multiply(x.reshape(*kept, size), weight.packed, bias).reshape(shape)
        self._product, self._bias = (product, weight.bias) if fits else (None, None)
        return product


def rearrange(kernel: Any, size: int) -> Any:
    """Return a kernel, whose first axes have `size` entries, in oneDNN's layout."""
    matrix = kernel.detach().reshape(size, -1).t().contiguous()  # (out, in)
    return torch.ops.mkldnn._reorder_linear_weight(matrix, TYPICAL_ROWS)


def multiply(x: Any, packed: Any, bias: Any) -> Any:
    """Return the product of `x`, `(…, in)`, with a rearranged kernel, plus a bias if there is one, `(…, out)`."""
    return torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")


def _contracted(equation: str, x: Any, kernel: Any) -> int:
    """Return how many axes an einsum contracts if they are the last of `x` and the first of `kernel`, else 0."""
    inputs, _, output = equation.replace(" ", "").partition("->")
    left, _, right = inputs.partition(",")
    count = len(set(left) & set(right))
    ordered = left[len(left) - count :] == right[:count] and output == left[: len(left) - count] + right[count:]
    return count if ordered and len(left) == x.ndim and len(right) == kernel.ndim else 0
