"""Limits on what a preset may take of this machine, checked against what it announces, before any of it is built."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import InputError, UnsafePresetError

if TYPE_CHECKING:
    from collections.abc import Sequence


FREE_EXPANSION = 8 * 2**20
"""Bytes up to which a compressed file may expand at any ratio: that much does no harm."""


def _memory_of_this_machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not every system tells
        return 64 * 2**30


def _check_positive(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"{field.name} of a Budget must be a whole number, at least 1, not {value!r}.")


@attrs.frozen(kw_only=True)
class Budget:
    """The most that loading a preset may take.

    ```python
    TextClassifier.from_preset("hf://stranger/model", budget=Budget(parameters=200_000_000, bytes=2**30))
    ```

    Attributes:
        files: Files that a remote preset or an archive may list.
        bytes: Bytes that the weights to be read may have together, in files; the same holds for every other file.
        ratio: Bytes that a file in an archive may become for each of its bytes there; 8 MiB are free.
        tensors: Variables that the model, and tensors that a file of weights, may have.
        parameters: Numbers that the model's variables may hold together.
        layers: Layers and operations that the model may be made of, each counted as often as it is called.
        memory: Bytes that these may take in memory; by default all that this machine has.
    """

    files: int = attrs.field(default=10_000, validator=_check_positive)
    bytes: int = attrs.field(default=64 * 2**30, validator=_check_positive)
    ratio: int = attrs.field(default=200, validator=_check_positive)
    tensors: int = attrs.field(default=50_000, validator=_check_positive)
    parameters: int = attrs.field(default=20 * 10**9, validator=_check_positive)
    layers: int = attrs.field(default=5_000, validator=_check_positive)
    memory: int = attrs.field(factory=_memory_of_this_machine, validator=_check_positive)

    def check(self, name: str, wanted: int, what: str) -> None:
        """Check that no more is wanted than one attribute allows.

        Args:
            name: The attribute.
            wanted: How much of it.
            what: What wants it, for messages.

        Raises:
            UnsafePresetError: More is.
        """
        allowed = getattr(self, name)
        if wanted > allowed:
            raise UnsafePresetError(
                f"{what} wants {wanted:,} {_UNITS[name]}, and its budget is {allowed:,}. If that is what it should "
                f"take, pass budget=modelry.Budget({name}={wanted}); otherwise do not use this preset."
            )


_UNITS = {
    "files": "files",
    "bytes": "bytes",
    "ratio": "bytes for each byte in the archive",
    "tensors": "tensors",
    "parameters": "parameters",
    "layers": "layers",
    "memory": "bytes of memory",
}


class Tally:
    """Adds up tensors and layers one by one, and stops at the first that is over the budget.

    Args:
        budget: The budget.
        what: What has them, as messages have it.
    """

    def __init__(self, budget: Budget, what: str) -> None:
        self._budget = budget
        self._what = what
        self._tensors = self._parameters = self._memory = self._layers = 0

    def add(self, shape: Sequence[int], itemsize: int) -> None:
        """Add a tensor of a shape, with so many bytes for each number.

        Raises:
            UnsafePresetError: That is more than the budget has.
        """
        count = math.prod(shape)
        self._tensors += 1
        self._parameters += count
        self._memory += count * itemsize
        self._budget.check("tensors", self._tensors, self._what)
        self._budget.check("parameters", self._parameters, self._what)
        self._budget.check("memory", self._memory, self._what)

    def add_layer(self) -> None:
        """Add a layer, an operation, or a call of either.

        Raises:
            UnsafePresetError: There are more than the budget has.
        """
        self._layers += 1
        self._budget.check("layers", self._layers, self._what)
