"""RoFormer-V2's tokenizer."""

from __future__ import annotations

from modelry.tokenizers import EncoderWordPieceTokenizer


class RoformerV2Tokenizer(EncoderWordPieceTokenizer):
    """BERT's tokenizer; the arguments are those of `EncoderWordPieceTokenizer`.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).
    """

    keras_hub_class = "RoformerV2Tokenizer"
