from __future__ import annotations

import random
import re

import pytest

from modelry.errors import InputError
from modelry.tokenizers.word_splitting import LONGEST, any_of


@pytest.mark.parametrize("seed", range(20))
def test_it_splits_as_a_plain_alternation_does(seed):
    draw = random.Random(seed)
    words = ["".join(draw.choices("ab.[]", k=draw.randint(1, 5))) for _ in range(draw.randint(1, 20))]
    text = "".join(draw.choices("ab.[]", k=500))
    assert any_of(words).split(text) == re.split(f"({'|'.join(map(re.escape, words))})", text)


def test_of_no_words_none_is_found():
    assert any_of([]).split("a text") == any_of([""]).split("a text") == ["a text"]


def test_words_that_contain_one_another_to_the_longest_length():
    words = ["a" * length for length in range(LONGEST, 0, -1)]
    assert any_of(words).findall("a" * (2 * LONGEST + 3)) == ["a" * LONGEST, "a" * LONGEST, "aaa"]


def test_a_longer_word_is_refused():
    with pytest.raises(InputError, match=r"The special token 'aaaaaaaaaaaaaaaaaaaa'… has 101 characters; at most 100"):
        any_of(["a" * (LONGEST + 1)])
