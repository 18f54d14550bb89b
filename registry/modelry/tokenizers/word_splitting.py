"""Splitting texts into words the way KerasHub's WordPiece does.

The words come out as one string with NUL between them, which is what the Rust tokenizer then splits at: `str.translate`
marks every boundary in a single pass, and is faster than two regular expressions in Rust.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from itertools import chain, groupby, pairwise
from typing import TYPE_CHECKING, Any, Literal

from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Span = tuple[int, int]

_NOWHERE = (-1, -1)  # the span of a boundary, which is part of no word

BOUNDARY = "\0"  # a control character, so it separates words and is never part of one
LONGEST_WORD = 100  # UTF-8 bytes; a longer word is unknown

_SPACES = " \t\n\r\f"
_CJK = (
    range(0x4E00, 0xA000),
    range(0x3400, 0x4DC0),
    range(0x20000, 0x2A6E0),
    range(0x2A700, 0x2B740),
    range(0x2B740, 0x2B820),
    range(0x2B820, 0x2CEB0),
    range(0xF900, 0xFB00),
    range(0x2F800, 0x2FA20),
)

# What Unicode calls Default_Ignorable_Code_Point: case folding drops these.
_IGNORABLE = (
    *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),
    *range(0xFFF0, 0xFFF9),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
    *range(0xE0000, 0xE1000),
)
_WITHOUT_IGNORABLE = dict.fromkeys(_IGNORABLE)

# A character has at most four bytes, so nothing shorter can be too long. More characters than the limit has bytes are
# too long for the Rust tokenizer too, which counts characters.
_MAYBE_TOO_LONG = re.compile(f"[^{BOUNDARY}]{{{LONGEST_WORD // 4 + 1},}}")
_TOO_LONG = "\1" * (LONGEST_WORD + 1)


class WordSplitter:
    """Splits texts into words, separated by `BOUNDARY`.

    Args:
        lowercase: Fold the case of each word: Unicode's NFKC_Casefold, so `ß` becomes `ss` and `①` becomes `1`.
        strip_accents: Remove nonspacing marks, after splitting letters from their accents.
        split: Split at spaces, control characters and punctuation; each punctuation character is a word.
        split_on_cjk: Make every CJK character a word; only if `split`.
        whole: Strings that are words wherever they occur, and keep their case; only if `split`.

    Raises:
        InputError: One of `whole` is too long.
    """

    def __init__(
        self, *, lowercase: bool, strip_accents: bool, split: bool, split_on_cjk: bool, whole: Sequence[str] = ()
    ) -> None:
        self._lowercase = lowercase
        self._strip_accents = strip_accents
        self._boundaries = _Boundaries(split_on_cjk) if split else {}
        self._kept = any_of(whole) if split and whole else None

    def __call__(self, text: str) -> str:
        """Return the words of a text."""
        if self._strip_accents and not text.isascii():
            text = _without_accents(text)
        if self._kept is None:
            text = self._part(text)
        else:
            pieces = self._kept.split(text)  # every second one is to stay whole
            pieces[::2] = map(self._part, pieces[::2])
            text = BOUNDARY.join(pieces)
        return text if text.isascii() else _MAYBE_TOO_LONG.sub(_unless_too_long, text)

    def aligned(self, text: str) -> tuple[str, list[Span]]:
        """Return the words of a text, and for each of their characters the span of the text that it comes from."""
        spans = [(place, place + 1) for place in range(len(text))]
        if self._strip_accents and not text.isascii():
            text, spans = _changed(_without_accents, text, spans)
        parts, place = [], 0
        for match in self._kept.finditer(text) if self._kept is not None else ():
            parts += [self._aligned_part(text[place : match.start()], spans[place : match.start()])]
            parts += [(match[0], spans[match.start() : match.end()])]
            place = match.end()
        parts.append(self._aligned_part(text[place:], spans[place:]))
        text = BOUNDARY.join(part for part, _ in parts)
        spans = [span for _, found in parts for span in (*found, _NOWHERE)][:-1]
        return (text, spans) if text.isascii() else _shortened(text, spans)

    def _part(self, text: str) -> str:
        text = text.translate(self._boundaries)
        return _fold(text) if self._lowercase else text

    def _aligned_part(self, text: str, spans: list[Span]) -> tuple[str, list[Span]]:
        chars = [char.translate(self._boundaries) for char in text]
        text = "".join(chars)
        spans = [span for char, span in zip(chars, spans, strict=True) for _ in char]
        return _changed(_fold, text, spans) if self._lowercase else (text, spans)


class _Boundaries(dict[int, str]):
    """Code point → itself, with `BOUNDARY` for a space and around a character that is a word of its own.

    An entry is made when its character is first met.
    """

    def __init__(self, split_on_cjk: bool) -> None:
        super().__init__()
        self._cjk = _CJK if split_on_cjk else ()

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = unicodedata.category(char)
        # ASCII symbols such as "$" count as punctuation although Unicode says otherwise.
        symbol = char.isascii() and category[0] == "S"
        if char in _SPACES or category in ("Cc", "Cf"):
            found = BOUNDARY
        elif category[0] == "P" or symbol or any(code in block for block in self._cjk):
            found = f"{BOUNDARY}{char}{BOUNDARY}"
        else:
            found = sys.intern(char)
        self[code] = found
        return found


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = normalize("NFKC", normalize("NFKC", text).casefold())
    return folded.translate(_WITHOUT_IGNORABLE)


def _without_accents(text: str) -> str:
    return "".join(char for char in normalize("NFD", text) if unicodedata.category(char) != "Mn")


def _changed(change: Callable[[str], str], text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """Return a changed text, and the span of each of its characters.

    The text is changed in parts that begin with a letter and hold the marks on it. Where the parts do not give what the
    whole text does, because a few letters combine with the one before them, each part begins with an ASCII character,
    which none of them do.
    """
    if not text:
        return "", []
    whole = change(text)
    pieces: list[str] = []
    starts: list[int] = []
    for begins in (_is_letter, str.isascii):
        starts = [place for place, char in enumerate(text) if begins(char) or not place]
        pieces = [change(text[start:end]) for start, end in pairwise((*starts, len(text)))]
        if "".join(pieces) == whole:
            break
    ends = (*starts[1:], len(text))
    found = zip(pieces, starts, ends, strict=True)
    return "".join(pieces), [span for piece, start, end in found for span in [_joined(spans[start:end])] * len(piece)]


def _is_letter(char: str) -> bool:
    return char.isascii() or not _is_mark(char)


def _joined(spans: list[Span]) -> Span:
    return spans[0][0], spans[-1][1]


def _shortened(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """Return words with `_TOO_LONG` for those that are, and the span of each character."""
    parts: list[str] = []
    found: list[Span] = []
    place = 0
    for word in _MAYBE_TOO_LONG.finditer(text):
        new = _unless_too_long(word)
        own = spans[word.start() : word.end()]
        parts += [text[place : word.start()], new]
        found += [*spans[place : word.start()], *(own if new == word[0] else [_joined(own)] * len(new))]
        place = word.end()
    return "".join((*parts, text[place:])), [*found, *spans[place:]]


def _unless_too_long(word: re.Match[str]) -> str:
    return word[0] if len(word[0].encode()) <= LONGEST_WORD else _TOO_LONG


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


LONGEST = 100  # characters

_END = ""

_Tree = dict[str, Any]


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern, one group, that matches what `|` between the words would: of two that fit the first.

    Raises:
        InputError: A word is longer than `LONGEST`.
    """
    tree: _Tree = {}
    for word in words:
        if len(word) > LONGEST:
            raise InputError(
                f"The special token {word[:20]!r}… has {len(word):,} characters; at most {LONGEST} are recognised in "
                "texts. Leave it out of special_tokens, or set special_tokens_in_strings=False."
            )
        if word:
            _add(tree, word)
    return re.compile(f"({_pattern(tree)})" if tree else r"((?!))")


def _add(tree: _Tree, word: str) -> None:
    for char in word:
        if _END in tree:  # an earlier word begins this one, and always wins
            return
        tree = tree.setdefault(char, {})
    tree[_END] = {}


def _pattern(tree: _Tree) -> str:
    """Return the pattern of a tree: what goes on comes before an end, as longer words here do before shorter ones."""
    ways = [re.escape(char) + _pattern(rest) for char, rest in tree.items() if char != _END]
    if not ways:
        return ""
    if len(ways) == 1 and _END not in tree:
        return ways[0]
    return f"(?:{'|'.join(ways)}){'?' if _END in tree else ''}"
