"""How a foreign checkpoint arranges the numbers of one weight, and back."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    import numpy as np

Shape = tuple[int, ...]


@frozen
class Layout(ABC):
    """One arrangement. A plugin may define its own."""

    @abstractmethod
    def stored_shape(self, shape: Shape) -> Shape:
        """The shape that a variable of `shape` has in the checkpoint."""

    @abstractmethod
    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The checkpoint's `array`, arranged for a variable of `shape`; a view where that is possible."""

    @abstractmethod
    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """A variable's `array`, arranged for the checkpoint."""


@frozen
class Same(Layout):
    """As in Keras."""

    def stored_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The array itself."""
        return array

    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The array itself."""
        return array


@frozen
class Linear(Layout):
    """The matrix (outputs, inputs) of a torch linear layer, for a kernel (inputs..., outputs...).

    Attributes:
        input_axes: How many of the kernel's first axes are inputs. A query kernel (E, H, D) has 1, the kernel
            (H, D, E) of the projection after attention has 2.
    """

    input_axes: int = 1

    def stored_shape(self, shape: Shape) -> Shape:
        """The (outputs, inputs) of a kernel of `shape`."""
        return math.prod(shape[self.input_axes :]), math.prod(shape[: self.input_axes])

    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The kernel, a view of the transposed matrix."""
        return array.T.reshape(shape)

    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The matrix, a view of the kernel where that is contiguous."""
        outputs, inputs = self.stored_shape(array.shape)
        return array.reshape(inputs, outputs).T


@frozen
class Flat(Layout):
    """The vector (H * D) of a torch bias, for a bias (H, D)."""

    def stored_shape(self, shape: Shape) -> Shape:
        """The length of the vector."""
        return (math.prod(shape),)

    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The bias."""
        return array.reshape(shape)

    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The vector."""
        return array.reshape(-1)


@frozen
class Rows(Layout):
    """Some rows of a larger tensor, whose other rows belong to other variables or to nobody.

    Attributes:
        start: The first of the rows.
        of: How many rows the whole tensor has.
        layout: How those rows are arranged.
    """

    start: int
    of: int
    layout: Layout = Same()

    def rows(self, shape: Shape) -> slice:
        """The rows of a variable of `shape`."""
        return slice(self.start, self.start + self.layout.stored_shape(shape)[0])

    def stored_shape(self, shape: Shape) -> Shape:
        """The shape of the whole tensor."""
        return (self.of, *self.layout.stored_shape(shape)[1:])

    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The variable's part of the tensor."""
        return self.layout.read(array[self.rows(shape)], shape)

    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The variable's rows alone."""
        return self.layout.write(array)
