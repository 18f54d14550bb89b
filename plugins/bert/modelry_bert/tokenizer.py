"""BERT's tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.text.wordpiece import WordPieceTokenizer

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

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
        special_tokens: Always BERT's own; present because KerasHub's configs have it.
        clean_text: Clean the text as the original BERT does; see `WordPieceTokenizer`.

    Raises:
        InputError: The vocabulary is unreadable, or lacks a token that must be in it.
    """

    keras_hub_class = "BertTokenizer"

    def __init__(
        self,
        vocabulary: Sequence[str] | str | os.PathLike[str],
        lowercase: bool = False,
        special_tokens_in_strings: bool = False,
        sequence_length: int | None = None,
        strip_accents: bool = False,
        split: bool = True,
        split_on_cjk: bool = True,
        suffix_indicator: str = "##",
        oov_token: str = "[UNK]",
        special_tokens: Sequence[str] | None = None,
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
            special_tokens=special_tokens or SPECIAL_TOKENS,
            special_tokens_in_strings=special_tokens_in_strings,
            clean_text=clean_text,
        )
