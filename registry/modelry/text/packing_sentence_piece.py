"""SentencePiece with the special tokens that encoders pack their rows with."""

from __future__ import annotations

from modelry.text.sentence_piece import SentencePieceTokenizer
from modelry.text.token_id import TokenId


class PackingSentencePieceTokenizer(SentencePieceTokenizer):
    """SentencePiece whose models have pieces that start, end, fill up and hide parts of a row.

    The arguments are those of `SentencePieceTokenizer`. A subclass says what these pieces are, where they are not
    ALBERT's: `[CLS]`, `[SEP]`, `<pad>` and `[MASK]`.

    Reference: [Lan et al., 2019](https://arxiv.org/abs/1909.11942).

    Attributes:
        cls_token_id: The id of the token that starts a row; `start_token_id` is the same.
        sep_token_id: The id of the token that ends a segment; `end_token_id` is the same.
        pad_token_id: The id of the token that fills a row up.
        mask_token_id: The id of the token that hides another.
    """

    special_tokens = ("[CLS]", "[SEP]", "<pad>", "[MASK]")
    cls_token_id = start_token_id = TokenId("[CLS]")
    sep_token_id = end_token_id = TokenId("[SEP]")
    pad_token_id = TokenId("<pad>")
    mask_token_id = TokenId("[MASK]")
