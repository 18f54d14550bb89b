"""ModernBERT's preprocessor for text classification."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry_modernbert.tokenizer import ModernBertTokenizer


class ModernBertTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [Warner et al., 2024](https://arxiv.org/abs/2412.13663).
    """

    tokenizer_cls = ModernBertTokenizer
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
