"""The shapes of weights that layers will have, for `Backbone.weight_shapes`: nothing is created here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Shape = tuple[int, ...]


def embedding(rows: int, size: int) -> Iterator[Shape]:
    """Yield the shape of vectors for tokens, positions or segments."""
    yield (rows, size)


def norm(size: int, bias: bool = True) -> Iterator[Shape]:
    """Yield the shapes of a normalization: its scale and, if it has one, its bias."""
    yield (size,)
    if bias:
        yield (size,)


def dense(inputs: int | Shape, outputs: int | Shape, bias: bool = True) -> Iterator[Shape]:
    """Yield the shapes of a dense layer: its kernel and, if it has one, its bias."""
    first, last = (one if isinstance(one, tuple) else (one,) for one in (inputs, outputs))
    yield (*first, *last)
    if bias:
        yield last


def attention(size: int, heads: int | Shape, merged: int | Shape | None = None, bias: bool = True) -> Iterator[Shape]:
    """Yield the shapes of self-attention: of its query, key and value, and of what makes hidden states of heads.

    Args:
        size: The size of a hidden state.
        heads: What query, key and value are for each token: `(number, size)`, or the product.
        merged: What that last layer takes for each token; `None` for the same.
        bias: Whether these layers have biases.
    """
    for _ in ("query", "key", "value"):
        yield from dense(size, heads, bias)
    yield from dense(heads if merged is None else merged, size, bias)


def feed_forward(size: int, inner: int, bias: bool = True, gated: bool = False) -> Iterator[Shape]:
    """Yield the shapes of a feed-forward network with an inner layer, which is twice as wide if it is gated."""
    yield from dense(size, 2 * inner if gated else inner, bias)
    yield from dense(inner, size, bias)
