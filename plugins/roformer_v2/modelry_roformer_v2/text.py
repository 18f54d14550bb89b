"""Tokenizer and preprocessor of RoFormer-V2: texts to token rows."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry.tokenizers import EncoderWordPieceTokenizer


class RoformerV2Tokenizer(EncoderWordPieceTokenizer):
    """BERT's tokenizer; the arguments are those of `EncoderWordPieceTokenizer`.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).
    """

    keras_hub_class = "RoformerV2Tokenizer"


class RoformerV2TextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]` with segment 1 for `b [SEP]`.

    The arguments are those of `TextClassifierPreprocessor`.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).
    """

    tokenizer_cls = RoformerV2Tokenizer
    keras_hub_class = "RoformerV2TextClassifierPreprocessor"
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
    segment_ids = True
