"""Where a foreign checkpoint keeps one of our variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from modelry.checkpoints.layouts import Layout, Same

if TYPE_CHECKING:
    from collections.abc import Sequence


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@frozen(eq=False)
class SourcedWeight:
    """A variable, and what a foreign checkpoint calls and how it arranges its values.

    Attributes:
        variable: The `keras.Variable`.
        names: The names it may have there; the first that is present wins. A single name may be given as it is.
        layout: How its numbers are arranged there.
    """

    variable: Any
    names: tuple[str, ...] = field(converter=_names)
    layout: Layout = field(factory=Same)
