"""What a classifier's scores mean, which decides its loss, its metrics and what it is trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from modelry.arguments import one_of
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

SINGLE_LABEL: Literal["single_label"] = "single_label"
MULTI_LABEL: Literal["multi_label"] = "multi_label"
REGRESSION: Literal["regression"] = "regression"

PROBLEM_TYPES: tuple[str, ...] = (SINGLE_LABEL, MULTI_LABEL, REGRESSION)
"""A text has one of the classes; any number of them; or none, but a number for each score."""

_ACTIVATIONS = {SINGLE_LABEL: ("linear", "softmax"), MULTI_LABEL: ("linear", "sigmoid"), REGRESSION: ("linear",)}


def problem_type_of(problem_type: str | None, activation: str) -> str:
    """Return a problem type that goes with an output activation; the activation tells one that is `None`.

    Raises:
        InputError: There is no such problem type, or it does not go with the activation.
    """
    if problem_type is None:
        return MULTI_LABEL if activation == "sigmoid" else SINGLE_LABEL
    possible = _ACTIVATIONS[one_of("problem_type", problem_type, PROBLEM_TYPES)]
    if activation not in possible:
        raise InputError(
            f"activation={activation!r} does not go with problem_type={problem_type!r}, whose scores are "
            f"{' or '.join(map(repr, possible))}."
        )
    return problem_type


def goes_with(problem_type: str, activation: str) -> bool:
    """Return whether scores of such an activation can mean this."""
    return activation in _ACTIVATIONS.get(problem_type, ())


def score_names(problem_type: str, labels: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return what `classify` calls each score: a label or its index, and `value` or `value_0`, … in a regression."""
    if problem_type == REGRESSION:
        return ("value",) if count == 1 else tuple(f"value_{index}" for index in range(count))
    return tuple(labels or map(str, range(count)))
