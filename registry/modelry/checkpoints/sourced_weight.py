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
        names: The names it may have there; the first that is present wins. A single name may be given as it is. With
            no names, checkpoints never have it: it is initialised at random, and left out when one is written.
        layout: How its numbers are arranged there.
        plus: Names that a second tensor may have there, whose first row is added to every row of the first: an
            embedding of segments in an architecture that uses only one. It may be missing, and is written as one row of
            zeros.
    """

    variable: Any
    names: tuple[str, ...] = field(converter=_names)
    layout: Layout = field(factory=Same)
    plus: tuple[str, ...] = ()
