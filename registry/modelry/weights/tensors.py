"""What the rest of modelry sees of a weights file: named tensors, described before they are read."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np


MAX_NAME = 1024


@frozen
class TensorInfo:
    """What a file's header says about one tensor.

    Attributes:
        shape: Its dimensions; `()` for a scalar.
        dtype: Its NumPy data type, `ml_dtypes.bfloat16` included.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """How many bytes its values take."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.shape} {self.dtype.name}"


def check_tensor_name(name: str) -> None:
    """Check that a tensor's name could be a path, or stand in a message, without harm.

    Raises:
        ValueError: It could not.
    """
    if len(name) > MAX_NAME or not name.isprintable() or "\\" in name or not all(name.split("/")) or ".." in name:
        raise ValueError(f"{name!r:.200} is no name for a tensor")


class TensorStore(ABC):
    """Named tensors in one or several files.

    Opening a store reads and checks headers only. It holds no open file afterwards, so there is nothing to close:
    memory maps live exactly as long as the arrays that use them.
    """

    @abstractmethod
    def names(self) -> Collection[str]:
        """The name of every tensor."""

    @abstractmethod
    def info(self, name: str) -> TensorInfo:
        """Shape and dtype of the tensor called `name`; `KeyError` where there is none."""

    @abstractmethod
    def read(self, name: str) -> np.ndarray[Any, Any]:
        """The values of the tensor called `name`, in the machine's byte order.

        The array is writable and private to the caller. Where it can, it is a copy-on-write view of the file: nothing
        is read until it is touched, and writing to it never reaches the file.
        """

    def release(self, name: str) -> None:  # noqa: B027 - a store without maps has nothing to do
        """Give back the memory behind what `read(name)` returned, which nobody uses any more."""

    def check_unchanged(self) -> None:  # noqa: B027
        """Check that no file was written to since the store was opened.

        Raises:
            PresetFormatError: One was.
        """
