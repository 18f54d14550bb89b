"""ALBERT's tokenizer."""

from __future__ import annotations

from modelry.tokenizers import EncoderSentencePieceTokenizer


class AlbertTokenizer(EncoderSentencePieceTokenizer):
    """SentencePiece with ALBERT's special tokens; the arguments are those of `SentencePieceTokenizer`.

    Reference: [Lan et al., 2019](https://arxiv.org/abs/1909.11942).

    The model must have the pieces `[CLS]`, `[SEP]`, `<pad>` and `[MASK]`. Their ids are the attributes that
    `EncoderSentencePieceTokenizer` has.
    """

    keras_hub_class = "AlbertTokenizer"
