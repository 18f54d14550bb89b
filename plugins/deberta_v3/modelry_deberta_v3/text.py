"""Tokenizer and preprocessor of DeBERTa-v3: texts to token rows."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
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


class DebertaV3TextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [He et al., 2021](https://arxiv.org/abs/2111.09543).
    """

    tokenizer_cls = DebertaV3Tokenizer
    keras_hub_class = "DebertaV3TextClassifierPreprocessor"
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
