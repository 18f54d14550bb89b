"""A pipeline comes from a preset, so what is in it must not be able to take for ever."""

import pytest

from modelry.errors import UnsafePresetError
from modelry.tokenizers.tokenizer_json import PATTERNS, _check_patterns


@pytest.mark.parametrize("pattern", ["(a+)+$", "^ +| +$", r"(\s|\n)*x"])
def test_patterns_that_could_backtrack_are_refused(pattern):
    part = {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"Regex": pattern}, "content": ""}]}
    with pytest.raises(UnsafePresetError, match="regular expression"):
        _check_patterns({"normalizer": part})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_that_are_taken_are_linear(pattern):
    from tokenizers import Regex, normalizers

    normalizer = normalizers.Replace(Regex(pattern), "")
    for text in (" " * 200_000, f"x{' ' * 200_000}x", "a \n" * 60_000):
        normalizer.normalize_str(text)  # a quadratic one takes a quarter of an hour


def test_transformers_own_patterns_are_taken():
    _check_patterns({"normalizer": {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}})
