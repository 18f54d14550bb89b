"""ELECTRA's tokenizer."""

from __future__ import annotations

from modelry.text.packing_wordpiece import PackingWordPieceTokenizer


class ElectraTokenizer(PackingWordPieceTokenizer):
    """BERT's tokenizer; the arguments are those of `PackingWordPieceTokenizer`.

    Reference: [Clark et al., 2020](https://arxiv.org/abs/2003.10555).
    """

    keras_hub_class = "ElectraTokenizer"
