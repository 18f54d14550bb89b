"""ALBERT's tokenizer."""

from __future__ import annotations

from modelry.text.packing_sentence_piece import PackingSentencePieceTokenizer


class AlbertTokenizer(PackingSentencePieceTokenizer):
    """SentencePiece with ALBERT's special tokens; the arguments are those of `SentencePieceTokenizer`.

    Reference: [Lan et al., 2019](https://arxiv.org/abs/1909.11942).

    The model must have the pieces `[CLS]`, `[SEP]`, `<pad>` and `[MASK]`. Their ids are the attributes that
    `PackingSentencePieceTokenizer` has.
    """

    keras_hub_class = "AlbertTokenizer"
