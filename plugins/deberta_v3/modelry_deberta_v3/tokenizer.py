"""DeBERTa-v3's tokenizer."""

from __future__ import annotations

from modelry.tokenizers import EncoderSentencePieceTokenizer, TokenId


class DebertaV3Tokenizer(EncoderSentencePieceTokenizer):
    """SentencePiece with DeBERTa-v3's special tokens; the arguments are those of `SentencePieceTokenizer`.

    Reference: [He et al., 2021](https://arxiv.org/abs/2111.09543).

    The model must have the pieces `[CLS]`, `[SEP]` and `[PAD]`. If it has no `[MASK]`, that gets the last id. These ids
    are the attributes that `EncoderSentencePieceTokenizer` has.
    """

    keras_hub_class = "DebertaV3Tokenizer"
    special_tokens = ("[CLS]", "[SEP]", "[PAD]", "[MASK]")
    tokens_without_piece = ("[MASK]",)
    pad_token_id = TokenId("[PAD]")
