"""Tokenizer and preprocessor of ELECTRA: texts to token rows."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry.tokenizers import EncoderWordPieceTokenizer


class ElectraTokenizer(EncoderWordPieceTokenizer):
    """BERT's tokenizer; the arguments are those of `EncoderWordPieceTokenizer`.

    Reference: [Clark et al., 2020](https://arxiv.org/abs/2003.10555).
    """

    keras_hub_class = "ElectraTokenizer"


class ElectraTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]` with segment 1 for `b [SEP]`, as BERT does.

    Reference: [Clark et al., 2020](https://arxiv.org/abs/2003.10555). The arguments are those of
    `TextClassifierPreprocessor`.
    """

    tokenizer_cls = ElectraTokenizer
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
    segment_ids = True
