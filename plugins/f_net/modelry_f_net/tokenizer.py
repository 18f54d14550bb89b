"""F-Net's tokenizer."""

from __future__ import annotations

from modelry.text.packing_sentence_piece import PackingSentencePieceTokenizer


class FNetTokenizer(PackingSentencePieceTokenizer):
    """SentencePiece with ALBERT's special tokens; the arguments are those of `SentencePieceTokenizer`.

    Reference: [Lee-Thorp et al., 2021](https://arxiv.org/abs/2105.03824).

    The model must have the pieces `[CLS]`, `[SEP]`, `<pad>` and `[MASK]`. Their ids are the attributes that
    `PackingSentencePieceTokenizer` has.
    """

    keras_hub_class = "FNetTokenizer"
