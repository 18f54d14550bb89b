from __future__ import annotations

import random
import sys
import unicodedata

import pytest

from modelry.tokenizers.word_splitting import LONG_RUN, normalize

MARKS = [
    char
    for code in range(sys.maxunicode + 1)
    if not 0xD800 <= code < 0xE000 and all(map(unicodedata.combining, unicodedata.normalize("NFKD", char := chr(code))))
]


@pytest.mark.parametrize("form", ["NFD", "NFKC"])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_python_returns(form, seed):
    draw = random.Random(seed)
    letters = [*"aé中ﬁ가か", "\uff8a"]
    text = "".join(
        draw.choice(letters) + "".join(draw.choices(MARKS, k=draw.choice([0, 1, 3, LONG_RUN, 3 * LONG_RUN])))
        for _ in range(30)
    )
    assert normalize(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("start", range(0, LONG_RUN, 51))
def test_a_long_run_is_seen_wherever_it_starts(start, monkeypatch):
    monkeypatch.setattr("modelry.tokenizers.word_splitting._in_order", lambda form, text: f"sorted as {form}")
    assert normalize("NFKC", "a" * start + "\u0301" * LONG_RUN) == "sorted as NFKD"
    assert normalize("NFD", "a" * start + "\u0f73" * LONG_RUN) == "sorted as NFD"
    assert normalize("NFD", "\u0301" * (LONG_RUN - 1)) == "\u0301" * (LONG_RUN - 1)
