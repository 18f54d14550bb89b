"""A regular expression for strings that come with a preset, whose time nobody can blow up.

The plain alternation of many strings is tried one by one at every character. Here they are laid out as a tree: at most
one branch goes on with the next character, so a character is looked at no more often than the longest string has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

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
