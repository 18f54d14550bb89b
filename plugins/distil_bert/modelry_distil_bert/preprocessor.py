"""DistilBERT's preprocessor for text classification."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry_distil_bert.tokenizer import DistilBertTokenizer


class DistilBertTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [Sanh et al., 2019](https://arxiv.org/abs/1910.01108).
    """

    tokenizer_cls = DistilBertTokenizer
    keras_hub_class = "DistilBertTextClassifierPreprocessor"
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
