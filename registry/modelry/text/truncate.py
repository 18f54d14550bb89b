"""How many tokens of each segment stay when a text, or a pair of texts, is too long."""

from __future__ import annotations

from typing import Literal

Truncate = Literal["round_robin", "waterfall", "longest_first"]


def kept_lengths(lengths: tuple[int, ...], budget: int, truncate: Truncate) -> tuple[int, ...]:
    """Return how many tokens each segment keeps.

    Args:
        lengths: The number of tokens of each segment; one or two.
        budget: The number of tokens that may stay in all.
        truncate: `"round_robin"` hands out the budget one token at a time, in turn, as KerasHub does. `"waterfall"`
            fills the first segment, then the second. `"longest_first"` shortens the longer segment, as transformers
            does; it differs from `"round_robin"` by at most a token.
    """
    if sum(lengths) <= budget:
        return lengths
    if len(lengths) == 1:
        return (budget,)
    first, second = lengths
    if truncate == "waterfall":
        first = min(first, budget)
        return first, budget - first
    if truncate == "round_robin":
        first = min(first, max(budget - budget // 2, budget - second))
        return first, budget - first
    shorter, longer = min(first, second), max(first, second)
    shorter = shorter if shorter <= budget - shorter else budget // 2
    longer = budget - shorter
    return (longer, shorter) if first > second else (shorter, longer)
