"""F-Net's tokenizer."""

from __future__ import annotations

from modelry.tokenizers import EncoderSentencePieceTokenizer


class FNetTokenizer(EncoderSentencePieceTokenizer):
    """SentencePiece with ALBERT's special tokens; the arguments are those of `SentencePieceTokenizer`.

    Reference: [Lee-Thorp et al., 2021](https://arxiv.org/abs/2105.03824).

    The model must have the pieces `[CLS]`, `[SEP]`, `<pad>` and `[MASK]`. Their ids are the attributes that
    `EncoderSentencePieceTokenizer` has.
    """

    keras_hub_class = "FNetTokenizer"
