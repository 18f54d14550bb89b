"""DistilBERT's tokenizer."""

from __future__ import annotations

from modelry.tokenizers import EncoderWordPieceTokenizer


class DistilBertTokenizer(EncoderWordPieceTokenizer):
    """BERT's tokenizer; the arguments are those of `EncoderWordPieceTokenizer`.

    Reference: [Sanh et al., 2019](https://arxiv.org/abs/1910.01108).
    """

    keras_hub_class = "DistilBertTokenizer"
