"""WordPiece with the special tokens that encoders pack their rows with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.text.wordpiece import WordPieceTokenizer

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


class PackingWordPieceTokenizer(WordPieceTokenizer):
    """WordPiece whose vocabulary has tokens that start, end, fill up and hide parts of a row.

    A subclass says what these tokens are, where they are not BERT's.

    Args:
        vocabulary: The tokens ordered by id, or the path of a file with one token a line. It must contain the four
            tokens below and `oov_token`.
        lowercase: Lowercase the text first.
        special_tokens_in_strings: Recognise special tokens spelt out in a text.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
        strip_accents: Remove accents first.
        split: Split at spaces and punctuation. If `False`, each text is one word.
        split_on_cjk: Make every CJK character a word.
        suffix_indicator: What marks a piece that continues a word.
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
            special_tokens=dict.fromkeys((*self.packing_tokens(), *(special_tokens or ()))),
            special_tokens_in_strings=special_tokens_in_strings,
            clean_text=clean_text,
        )
        self.cls_token_id = self.start_token_id = self.token_to_id(self.cls_token)
        self.sep_token_id = self.end_token_id = self.token_to_id(self.sep_token)
        self.pad_token_id = self.token_to_id(self.pad_token)
        self.mask_token_id = self.token_to_id(self.mask_token)
        self.unk_token_id = self.token_to_id(oov_token)

    @classmethod
    def packing_tokens(cls) -> tuple[str, ...]:
        """Return the four tokens that every vocabulary has."""
        return cls.cls_token, cls.sep_token, cls.pad_token, cls.mask_token

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, which adds the four special tokens itself."""
        config = super().keras_hub_config()
        more = [token for token in self.special_tokens or () if token not in self.packing_tokens()]
        return None if config is None else {**config, "special_tokens": more or None}
