"""Tokenizer and preprocessor of DistilBERT: texts to token rows."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry.tokenizers import EncoderWordPieceTokenizer


class DistilBertTokenizer(EncoderWordPieceTokenizer):
    """BERT's tokenizer; the arguments are those of `EncoderWordPieceTokenizer`.

    Reference: [Sanh et al., 2019](https://arxiv.org/abs/1910.01108).
    """

    keras_hub_class = "DistilBertTokenizer"


class DistilBertTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [Sanh et al., 2019](https://arxiv.org/abs/1910.01108).
    """

    tokenizer_cls = DistilBertTokenizer
    keras_hub_class = "DistilBertTextClassifierPreprocessor"
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
