"""BERT's tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.text.wordpiece import WordPieceTokenizer

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

SPECIAL_TOKENS = ("[CLS]", "[SEP]", "[PAD]", "[MASK]")


class BertTokenizer(WordPieceTokenizer):
    """WordPiece with BERT's special tokens.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).

    ```python
    tokenizer = BertTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "##s"], lowercase=True)
    tokenizer("A films")  # [5, 6, 7]
    ```

    Args:
        vocabulary: The tokens ordered by id, or the path of a file with one token a line. It must contain `[CLS]`,
            `[SEP]`, `[PAD]`, `[MASK]` and `oov_token`.
        lowercase: Lowercase the text first.
        special_tokens_in_strings: Recognise special tokens spelt out in a text.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
        strip_accents: Remove accents first.
        split: Split at spaces and punctuation. If `False`, each text is one word.
        split_on_cjk: Make every CJK character a word.
        suffix_indicator: What marks a piece that continues a word.
        oov_token: The token of words that the vocabulary cannot spell.
        special_tokens: More special tokens than BERT's own; they must be in the vocabulary.
        clean_text: Clean the text as the original BERT does; see `WordPieceTokenizer`.

    Raises:
        InputError: The vocabulary is unreadable, or lacks a token that must be in it.

    Attributes:
        cls_token_id: The id of `[CLS]`, which starts a row; `start_token_id` is the same.
        sep_token_id: The id of `[SEP]`, which ends a segment; `end_token_id` is the same.
        pad_token_id: The id of `[PAD]`.
        mask_token_id: The id of `[MASK]`.
    """

    keras_hub_class = "BertTokenizer"

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
            special_tokens=dict.fromkeys((*SPECIAL_TOKENS, *(special_tokens or ()))),
            special_tokens_in_strings=special_tokens_in_strings,
            clean_text=clean_text,
        )
        self.cls_token_id = self.start_token_id = self.token_to_id("[CLS]")
        self.sep_token_id = self.end_token_id = self.token_to_id("[SEP]")
        self.pad_token_id = self.token_to_id("[PAD]")
        self.mask_token_id = self.token_to_id("[MASK]")

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, which adds BERT's own special tokens itself."""
        config = super().keras_hub_config()
        more = [token for token in self.special_tokens or () if token not in SPECIAL_TOKENS]
        return None if config is None else {**config, "special_tokens": more or None}
