"""RoFormer-V2's tokenizer."""

from __future__ import annotations

from modelry.text.packing_wordpiece import PackingWordPieceTokenizer


class RoformerV2Tokenizer(PackingWordPieceTokenizer):
    """BERT's tokenizer; the arguments are those of `PackingWordPieceTokenizer`.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).
    """

    keras_hub_class = "RoformerV2Tokenizer"
