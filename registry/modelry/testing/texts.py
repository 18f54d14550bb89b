"""Texts to try things with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelry.testing.contract import expect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.preprocessing.preprocessor import Preprocessor

STRANGE = (
    "",
    " ",
    "\t\n \r\n",
    "\u00a0\u2003\u200b",  # spaces that are not ASCII, and one without a width
    "\x00\x07\x7f",
    "naïve café ﬁlm",
    "e\u0301",  # an accent of its own
    "電影很好看",
    "Это фильм",
    "فيلم جيد",
    "🎬👩‍👩‍👧🏽",  # one of them made of several characters
    "[CLS] </s> <|endoftext|> ##ing",
    "\U0010ffff",
    "!?…—“”",
    "word" * 500,
    "a good film " * 500,
)
"""Texts that trip tokenizers up."""

ENGLISH = (
    "A gripping, funny film.",
    "An utter waste of two hours!",
    "it 's charming",
    "No",
    "The second half is boring, and the first one is worse.",
    "great",
)


def expect_different(texts: Sequence[str], least: int) -> None:
    """Fail unless a fixture has so many different texts, without which nothing can be mixed up."""
    __tracebackhide__ = True
    expect(
        len(set(texts)) >= least,
        f"The fixture 'texts' has {len(set(texts))} different texts.",
        f"{least} texts or more show whether texts are kept apart.",
        f"let 'texts' return {least} different texts or more, or leave the fixture out.",
    )


def texts_for(preprocessor: Preprocessor) -> list[str]:
    """Return six texts of different lengths, of tokens that the tokenizer knows where it can tell."""
    tokenizer: Any = getattr(preprocessor, "tokenizer", None)
    generator = np.random.default_rng(0)
    try:
        rows = [generator.integers(0, tokenizer.vocabulary_size(), length).tolist() for length in (5, 2, 9, 1, 12, 4)]
        texts = [str(text) for text in tokenizer.decode(rows)]
    except (AttributeError, NotImplementedError):
        return list(ENGLISH)
    return texts if len(set(texts)) == len(texts) and all(text.strip() for text in texts) else list(ENGLISH)
