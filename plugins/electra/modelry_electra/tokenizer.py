"""ELECTRA's tokenizer."""

from __future__ import annotations

from modelry.tokenizers import EncoderWordPieceTokenizer


class ElectraTokenizer(EncoderWordPieceTokenizer):
    """BERT's tokenizer; the arguments are those of `EncoderWordPieceTokenizer`.

    Reference: [Clark et al., 2020](https://arxiv.org/abs/2003.10555).
    """

    keras_hub_class = "ElectraTokenizer"
