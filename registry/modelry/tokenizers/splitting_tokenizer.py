"""Tokenizers that split texts by a function and look the tokens up in a vocabulary."""

from __future__ import annotations

import abc
import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from modelry.errors import InputError, UnsafePresetError
from modelry.strict_json import read_json_file
from modelry.tokenizers.tokenizer import LARGEST_ASSET, VocabularyTokenizer, check_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modelry.tokenizers.tokenizer import Encoded


class SplittingTokenizer(VocabularyTokenizer, abc.ABC):
    """Splits texts into tokens and looks these up in a vocabulary; abstract.

    A subclass writes `split` and `join`; with its own arguments it passes the four below on.

    ```python
    class WordTokenizer(SplittingTokenizer):
        def split(self, text):
            return text.lower().split()

        def join(self, tokens):
            return " ".join(tokens)

    tokenizer = WordTokenizer.learn(["a film", "a good film"])
    tokenizer("A film!")  # [2, 1], the tokens "a" and "[UNK]"
    ```

    Args:
        vocabulary: The tokens ordered by id, or the path of a JSON file that lists them. It must contain `oov_token`
            and `pad_token`.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
        oov_token: The token for everything that is not in the vocabulary.
        pad_token: The token that fills a row up.

    Raises:
        InputError: The vocabulary is unreadable, or lacks a token that must be in it.

    Attributes:
        special_tokens: More tokens that every vocabulary has, such as the one between the texts of a pair.
        pad_token_id: The id of `pad_token`.
    """

    special_tokens: ClassVar[tuple[str, ...]] = ()
    assets: ClassVar[Mapping[str, str]] = {"vocabulary": "vocabulary.json"}

    def __init__(
        self,
        vocabulary: Iterable[str] | str | os.PathLike[str],
        sequence_length: int | None = None,
        oov_token: str = "[UNK]",
        pad_token: str = "[PAD]",
    ) -> None:
        tokens = _read(vocabulary) if isinstance(vocabulary, (str, os.PathLike)) else list(vocabulary)
        super().__init__(tokens, sequence_length, needed=(pad_token, oov_token, *self.special_tokens))
        self.oov_token = oov_token
        self.pad_token = pad_token
        self.pad_token_id = self._ids[pad_token]

    @abc.abstractmethod
    def split(self, text: str) -> Sequence[str]:
        """Return the tokens of a text."""

    def spans(self, text: str, tokens: Sequence[str]) -> list[tuple[int, int]]:
        """Return where in a text each token of `split(text)` stands, as `(start, end)`.

        Tokens are looked for one after the other, whatever their case. A subclass whose tokens are otherwise not parts
        of the text overrides this.

        Raises:
            InputError: A token is not found.
        """
        lowered = [char.lower() for char in text]
        places = [place for place, chars in enumerate(lowered) for _ in chars]
        whole, start, found = "".join(lowered), 0, []
        for token in tokens:
            begin = whole.find(token.lower(), start) if token else start
            if begin < 0:
                raise InputError(
                    f"{type(self).__name__} splits a text into tokens that are not parts of it, such as {token!r:.80}. "
                    "It must override `spans` to say where in the text they stand."
                )
            start = begin + len(token.lower())
            found.append((places[begin], places[start - 1] + 1) if token else (len(text), len(text)))
        return found

    @abc.abstractmethod
    def join(self, tokens: Sequence[str]) -> str:
        """Return the text of some tokens, as far as `split` kept it."""

    @classmethod
    def learn(cls, texts: Iterable[str], vocabulary_size: int | None = None, **arguments: Any) -> Self:
        """Create a tokenizer whose vocabulary is the most frequent tokens of some texts.

        Args:
            texts: The texts.
            vocabulary_size: The greatest number of tokens, special ones included; `None` for all.
            **arguments: The constructor's other arguments.

        Raises:
            InputError: One of `texts` is not a text.
        """
        texts = list(texts)
        check_texts(texts)
        special = [arguments.get("pad_token", "[PAD]"), arguments.get("oov_token", "[UNK]"), *cls.special_tokens]
        blank = cls(special, **arguments)
        counts = Counter(token for text in texts for token in blank.split(text) if token not in special)
        room = None if vocabulary_size is None else max(vocabulary_size - len(special), 0)
        # Equally frequent tokens come in the order of their characters, so that the texts' order changes nothing.
        ranked = sorted(counts, key=lambda token: (-counts[token], token))
        return cls([*special, *ranked[:room]], **arguments)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, without start, end or padding tokens.

        Raises:
            InputError: One of them is not a text; the message names the row.
        """
        check_texts(texts)
        oov = self._ids[self.oov_token]
        return [[self._ids.get(token, oov) for token in self.split(text)] for text in texts]

    def encode_with_offsets(self, texts: Sequence[str]) -> list[Encoded]:
        """Return ids and character spans; see `Tokenizer.encode_with_offsets` and `spans`."""
        return [(ids, self.spans(text, self.split(text))) for ids, text in zip(self.encode(texts), texts, strict=True)]

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Return the text of each sequence of ids, without padding."""
        return [self.join([self.id_to_token(id_) for id_ in row if id_ != self.pad_token_id]) for row in ids]

    def save_assets(self, folder: Path) -> None:
        """Write `vocabulary.json`, a list; tokens may be spaces and line breaks, which a file of lines cannot hold."""
        text = json.dumps(self.vocabulary, ensure_ascii=False, indent=0)
        (folder / self.assets["vocabulary"]).write_text(text + "\n", "utf-8")


def _read(path: str | os.PathLike[str]) -> list[str]:
    try:
        tokens = read_json_file(Path(path), f"The vocabulary file {os.fspath(path)!r}", LARGEST_ASSET)
    except UnsafePresetError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"The vocabulary file {os.fspath(path)!r} cannot be read: {error}") from error
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise InputError(f"The vocabulary file {os.fspath(path)!r} must hold a JSON list of strings.")
    return tokens
