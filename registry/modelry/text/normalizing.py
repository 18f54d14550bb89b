"""Unicode's normal forms in a time that grows with the length of a text, whoever wrote it.

Python puts the combining marks that follow a letter in order by exchanging neighbours, so marks in the wrong order take
it the square of their number: minutes for 100,000 of them. Long runs of marks are sorted here, before it sees them.
"""

from __future__ import annotations

import unicodedata
from itertools import chain, groupby
from typing import Literal

LONG_RUN = 256  # marks in a row; no writing has more than a few


def normalize(form: Literal["NFD", "NFKC"], text: str) -> str:
    """Return what `unicodedata.normalize` does."""
    # A run as long as that covers one of the characters at these places.
    if any(map(_is_mark, text[LONG_RUN - 1 :: LONG_RUN])):
        text = _in_order("NFD" if form == "NFD" else "NFKD", text)
    return unicodedata.normalize(form, text)


def _is_mark(char: str) -> bool:
    return all(map(unicodedata.combining, unicodedata.normalize("NFKD", char)))


def _in_order(form: Literal["NFD", "NFKD"], text: str) -> str:
    """Return a text in a decomposed form, which the composed one can be made of."""
    chars = chain.from_iterable(unicodedata.normalize(form, char) for char in text)
    runs = groupby(chars, key=lambda char: unicodedata.combining(char) > 0)
    return "".join(chain.from_iterable(sorted(run, key=unicodedata.combining) if marks else run for marks, run in runs))
