import pytest

from modelry.tokenizers.word_splitting import BOUNDARY, LONGEST_WORD, WordSplitter


def words(text, **options):
    plain = {"lowercase": False, "strip_accents": False, "split": True, "split_on_cjk": True}
    return [word for word in WordSplitter(**{**plain, **options})(text).split(BOUNDARY) if word]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n", []),
        ("a film", ["a", "film"]),
        ("don't!?", ["don", "'", "t", "!", "?"]),
        ("a$b^c", ["a", "$", "b", "^", "c"]),
        ("“a”—b…", ["“", "a", "”", "—", "b", "…"]),
        ("1€ 2×3", ["1€", "2×3"]),  # symbols beyond ASCII are no punctuation
        ("東京タワー", ["東", "京", "タワー"]),
        ("a\u00a0b a\u3000b", ["a\u00a0b", "a\u3000b"]),  # only ASCII spaces separate
        ("a\x00b\x1cc\u200bd\u00ade", ["a", "b", "c", "d", "e"]),  # so do invisible characters
    ],
)
def test_splitting(text, expected):
    assert words(text) == expected


def test_cjk_characters_can_stay_together():
    assert words("東京タワー!", split_on_cjk=False) == ["東京タワー", "!"]


def test_nothing_is_split():
    assert WordSplitter(lowercase=True, strip_accents=False, split=False, split_on_cjk=True)("A b!") == "a b!"


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("FILM", "film"),
        ("Straße", "strasse"),
        ("İ", "i\u0307"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("①", "1"),
        ("ＡＢ", "ab"),
        ("ﬁ", "fi"),
        ("a\ufe0f\u3164b", "ab"),  # ignorable characters vanish
    ],
)
def test_case_folding(word, folded):
    assert words(word, lowercase=True) == [folded]


def test_case_is_folded_after_splitting():
    assert words("a…b", lowercase=True) == ["a", "...", "b"]
    assert words("㈱", lowercase=True) == ["(株)"]
    assert words("A\u00a0B", lowercase=True) == ["a b"]


def test_accents():
    assert words("café e\u0301", strip_accents=True) == ["cafe", "e"]
    assert words("café", strip_accents=False) == ["café"]
    assert words("CAFÉ", strip_accents=True, lowercase=True) == ["cafe"]


def test_strings_that_stay_whole():
    assert words("A[SEP]B [sep]", lowercase=True, whole=["[SEP]", "[CLS]"]) == ["a", "[SEP]", "b", "[", "sep", "]"]
    assert words("A[SEP]", lowercase=True) == ["a", "[", "sep", "]"]


@pytest.mark.parametrize("char", ["a", "я", "ท", "\U0001d4b3"])
def test_the_longest_word_is_measured_in_bytes(char):
    fits = char * (LONGEST_WORD // len(char.encode()))
    (short, long) = words(f"{fits} {fits + char}")
    assert short == fits
    assert long == fits + char if char == "a" else len(long) > LONGEST_WORD  # the Rust tokenizer counts characters
