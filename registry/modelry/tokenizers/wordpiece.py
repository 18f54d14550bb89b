"""WordPiece, as BERT and its descendants use it, on the Rust `tokenizers`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers

from modelry.errors import InputError
from modelry.tokenizers.tokenizer import VocabularyTokenizer, check_texts
from modelry.tokenizers.word_splitting import BOUNDARY, WordSplitter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modelry.tokenizers.tokenizer import Encoded

LONGEST_WORD = 100  # characters, in BERT's own code and in transformers; KerasHub counts bytes


class WordPieceTokenizer(VocabularyTokenizer):
    """Splits texts at spaces and punctuation, then each word into the longest pieces of a vocabulary.

    Reference: [Wu et al., 2016](https://arxiv.org/abs/1609.08144).

    Args:
        vocabulary: The tokens ordered by id, or the path of a file with one token a line.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
        lowercase: Lowercase the text first.
        strip_accents: Remove accents first.
        split: Split at spaces and punctuation. If `False`, each text is one word.
        split_on_cjk: Make every CJK character a word.
        suffix_indicator: The prefix of pieces that continue a word.
        oov_token: The token of words that the vocabulary cannot spell.
        special_tokens: Tokens with a role of their own; they must be in the vocabulary.
        special_tokens_in_strings: Recognise special tokens spelt out in a text.
        clean_text: Clean the text as the original BERT and transformers do: control characters vanish and every
            Unicode space separates words. If `False`, do as KerasHub does: control characters separate words, and
            only ASCII spaces are spaces.

    Raises:
        InputError: The vocabulary is empty or unreadable, or lacks a token that must be in it.
    """

    assets: ClassVar[Mapping[str, str]] = {"vocabulary": "vocabulary.txt"}

    def __init__(
        self,
        vocabulary: Iterable[str] | str | os.PathLike[str],
        sequence_length: int | None = None,
        lowercase: bool = False,
        strip_accents: bool = False,
        split: bool = True,
        split_on_cjk: bool = True,
        suffix_indicator: str = "##",
        oov_token: str = "[UNK]",
        special_tokens: Iterable[str] | None = None,
        special_tokens_in_strings: bool = False,
        clean_text: bool = False,
    ) -> None:
        tokens = read_vocabulary(vocabulary) if isinstance(vocabulary, (str, os.PathLike)) else list(vocabulary)
        special_tokens = None if special_tokens is None else list(special_tokens)
        super().__init__(tokens, sequence_length, needed=(oov_token, *(special_tokens or ())))
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.split = split
        self.split_on_cjk = split_on_cjk
        self.suffix_indicator = suffix_indicator
        self.oov_token = oov_token
        self.special_tokens = special_tokens
        self.special_tokens_in_strings = special_tokens_in_strings
        self.clean_text = clean_text
        self._rust = self._build()
        self._words = None if clean_text else self._keras_hub_words()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, without start, end or padding tokens.

        Raises:
            InputError: One of them is not a text; the message names the row.
        """
        try:
            prepared = list(texts if self._words is None else map(self._words, texts))
            encodings = self._rust.encode_batch_fast(prepared, add_special_tokens=False)
        except (AttributeError, TypeError, UnicodeEncodeError):
            check_texts(texts)
            raise
        return [encoding.ids for encoding in encodings]

    def encode_with_offsets(self, texts: Sequence[str]) -> list[Encoded]:
        """Return ids and character spans; see `Tokenizer.encode_with_offsets`.

        Without `clean_text`, letters and the marks on them are one part of a text that is not divided further.
        """
        check_texts(texts)
        if self._words is None:
            return [(one.ids, one.offsets) for one in self._rust.encode_batch(list(texts), add_special_tokens=False)]
        aligned = [self._words.aligned(text) for text in texts]
        encodings = self._rust.encode_batch([words for words, _ in aligned], add_special_tokens=False)
        return [
            (one.ids, [(spans[start][0], spans[end - 1][1]) for start, end in one.offsets])
            for one, (_, spans) in zip(encodings, aligned, strict=True)
        ]

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Return the text of each sequence of ids; spaces between words are single."""
        return [self._rust.decode(list(row), skip_special_tokens=False) for row in ids]

    def save_assets(self, folder: Path) -> None:
        """Write `vocabulary.txt`, one token a line."""
        (folder / self.assets["vocabulary"]).write_text("".join(f"{token}\n" for token in self.vocabulary), "utf-8")

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, which cannot clean texts as the original BERT does."""
        if self.clean_text or super().keras_hub_config() is None:
            return None
        return {key: value for key, value in self.get_config().items() if key != "clean_text"}

    def to_transformers(self) -> tokenizers.Tokenizer:
        """Return a Rust tokenizer that transformers can read, and that gives the same ids.

        Without `clean_text` some texts get other ids there: those with special tokens spelt out in them, with control
        characters, with spaces that are not ASCII, or with letters whose case folds to several, such as `ß`.
        """
        special = list(dict.fromkeys((*(self.special_tokens or ()), self.oov_token)))
        own = {"special_tokens": special, "special_tokens_in_strings": True, "clean_text": True}
        return type(self)(**{**self.get_config(), **own})._rust

    def _keras_hub_words(self) -> WordSplitter:
        return WordSplitter(
            lowercase=self.lowercase,
            strip_accents=self.strip_accents,
            split=self.split,
            split_on_cjk=self.split_on_cjk,
            whole=(self.special_tokens or ()) if self.special_tokens_in_strings else (),
        )

    def _build(self) -> tokenizers.Tokenizer:
        rust = tokenizers.Tokenizer(
            models.WordPiece(
                self._ids,
                unk_token=self.oov_token,
                continuing_subword_prefix=self.suffix_indicator,
                max_input_chars_per_word=LONGEST_WORD,
            )
        )
        rust.decoder = decoders.WordPiece(prefix=self.suffix_indicator, cleanup=False)
        if not self.clean_text:
            if self.split:
                rust.pre_tokenizer = pre_tokenizers.CharDelimiterSplit(BOUNDARY)
            return rust
        rust.normalizer = normalizers.BertNormalizer(
            clean_text=True,
            handle_chinese_chars=self.split and self.split_on_cjk,
            strip_accents=self.strip_accents,
            lowercase=self.lowercase,
        )
        if self.split:
            rust.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        if self.special_tokens_in_strings:
            rust.add_special_tokens(self.special_tokens or [])
        return rust


def read_vocabulary(path: str | os.PathLike[str]) -> list[str]:
    """Return the tokens of a file with one a line; raises InputError if it is empty or cannot be read."""
    try:
        lines = Path(path).read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The vocabulary file {os.fspath(path)!r} cannot be read: {error}") from error
    if lines[-1] == "":
        lines.pop()
    if not lines:
        raise InputError(f"The vocabulary file {os.fspath(path)!r} is empty.")
    return [line.rstrip() for line in lines]


class EncoderWordPieceTokenizer(WordPieceTokenizer):
    """WordPiece with the special tokens of an encoder's rows: start, end, padding and mask.

    A subclass names these tokens where they are not BERT's.

    Args:
        vocabulary: The tokens ordered by id, or the path of a file with one token a line. It must contain the four
            tokens below and `oov_token`.
        lowercase: Lowercase the text first.
        special_tokens_in_strings: Recognise special tokens spelt out in a text.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
        strip_accents: Remove accents first.
        split: Split at spaces and punctuation. If `False`, each text is one word.
        split_on_cjk: Make every CJK character a word.
        suffix_indicator: The prefix of pieces that continue a word.
        oov_token: The token of words that the vocabulary cannot spell.
        special_tokens: More special tokens than the four; they must be in the vocabulary.
        clean_text: Clean the text as the original BERT does; see `WordPieceTokenizer`.

    Raises:
        InputError: The vocabulary is unreadable, or lacks a token that must be in it.

    Attributes:
        cls_token: The token that starts a row.
        sep_token: The token that ends a segment.
        pad_token: The token that fills a row up.
        mask_token: The token that hides another.
        cls_token_id: The id of `cls_token`; `start_token_id` is the same.
        sep_token_id: The id of `sep_token`; `end_token_id` is the same.
        pad_token_id: The id of `pad_token`.
        mask_token_id: The id of `mask_token`.
        unk_token_id: The id of `oov_token`.
    """

    cls_token: ClassVar[str] = "[CLS]"
    sep_token: ClassVar[str] = "[SEP]"
    pad_token: ClassVar[str] = "[PAD]"
    mask_token: ClassVar[str] = "[MASK]"

    def __init__(
        self,
        vocabulary: Iterable[str] | str | os.PathLike[str],
        lowercase: bool = False,
        special_tokens_in_strings: bool = False,
        sequence_length: int | None = None,
        strip_accents: bool = False,
        split: bool = True,
        split_on_cjk: bool = True,
        suffix_indicator: str = "##",
        oov_token: str = "[UNK]",
        special_tokens: Iterable[str] | None = None,
        clean_text: bool = False,
    ) -> None:
        super().__init__(
            vocabulary,
            sequence_length=sequence_length,
            lowercase=lowercase,
            strip_accents=strip_accents,
            split=split,
            split_on_cjk=split_on_cjk,
            suffix_indicator=suffix_indicator,
            oov_token=oov_token,
            special_tokens=dict.fromkeys((*self.role_tokens(), *(special_tokens or ()))),
            special_tokens_in_strings=special_tokens_in_strings,
            clean_text=clean_text,
        )
        self.cls_token_id = self.start_token_id = self.token_to_id(self.cls_token)
        self.sep_token_id = self.end_token_id = self.token_to_id(self.sep_token)
        self.pad_token_id = self.token_to_id(self.pad_token)
        self.mask_token_id = self.token_to_id(self.mask_token)
        self.unk_token_id = self.token_to_id(oov_token)

    @classmethod
    def role_tokens(cls) -> tuple[str, ...]:
        """Return the four tokens that every vocabulary has."""
        return cls.cls_token, cls.sep_token, cls.pad_token, cls.mask_token

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, which adds the four special tokens itself."""
        config = super().keras_hub_config()
        more = [token for token in self.special_tokens or () if token not in self.role_tokens()]
        return None if config is None else {**config, "special_tokens": more or None}
