"""DistilBERT's tokenizer."""

from __future__ import annotations

from modelry.text.packing_wordpiece import PackingWordPieceTokenizer


class DistilBertTokenizer(PackingWordPieceTokenizer):
    """BERT's tokenizer; the arguments are those of `PackingWordPieceTokenizer`.

    Reference: [Sanh et al., 2019](https://arxiv.org/abs/1910.01108).
    """

    keras_hub_class = "DistilBertTokenizer"
