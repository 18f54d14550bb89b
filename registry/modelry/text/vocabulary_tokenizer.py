"""What tokenizers with a list of tokens have in common."""

from __future__ import annotations

import abc
from collections import Counter
from typing import TYPE_CHECKING, Any

from modelry.errors import InputError, did_you_mean
from modelry.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class VocabularyTokenizer(Tokenizer, abc.ABC):
    """A tokenizer whose ids are places in a list of tokens; abstract.

    Derive from `SplittingTokenizer` to say only how a text is split, or from this class to write `encode` as well.

    Args:
        vocabulary: The tokens, ordered by id.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
        needed: Tokens that must be in the vocabulary.

    Raises:
        InputError: The vocabulary lacks one of them, or holds a token twice.
    """

    def __init__(self, vocabulary: list[str], sequence_length: int | None, needed: Iterable[str]) -> None:
        self.vocabulary = vocabulary
        self.sequence_length = sequence_length
        self._ids = {token: id_ for id_, token in enumerate(vocabulary)}
        if len(self._ids) < len(vocabulary):
            token, times = Counter(vocabulary).most_common(1)[0]
            raise InputError(f"The vocabulary holds {token!r} {times} times; each token needs an id of its own.")
        for token in needed:
            if token not in self._ids:
                raise InputError(
                    f"The vocabulary ({len(self._ids)} tokens) lacks {token!r}, which {type(self).__name__} needs."
                    f"{did_you_mean(token, self._ids)} Is it the vocabulary of another tokenizer?"
                )

    def vocabulary_size(self) -> int:
        """Return the number of tokens."""
        return len(self.vocabulary)

    def get_vocabulary(self) -> list[str]:
        """Return all tokens, ordered by id."""
        return self.vocabulary

    def token_to_id(self, token: str) -> int:
        """Return the id of a token.

        Raises:
            InputError: The vocabulary has no such token.
        """
        if token not in self._ids:
            raise InputError(f"The vocabulary has no token {token!r}.{did_you_mean(token, self._ids)}")
        return self._ids[token]

    def id_to_token(self, id: int) -> str:  # noqa: A002 - KerasHub's name
        """Return the token with this id.

        Raises:
            InputError: There is none.
        """
        if not 0 <= id < len(self.vocabulary):
            raise InputError(
                f"Token id {id} is out of range: the vocabulary has the ids 0 to {len(self.vocabulary) - 1}."
            )
        return self.vocabulary[id]


def ordered_tokens(ids: Mapping[str, Any]) -> list[str]:
    """Return the tokens of a mapping from tokens to ids, ordered by id.

    Raises:
        InputError: The ids are not 0 to the number of tokens - 1.
    """
    tokens = sorted(ids, key=lambda token: ids[token] if isinstance(ids[token], int) else -1)
    if [ids[token] for token in tokens] != list(range(len(tokens))):
        raise InputError(f"The vocabulary does not number its tokens 0 to {len(tokens) - 1}.")
    return tokens
