"""DeBERTa-v3's preprocessor for text classification."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry_deberta_v3.tokenizer import DebertaV3Tokenizer


class DebertaV3TextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [He et al., 2021](https://arxiv.org/abs/2111.09543).
    """

    tokenizer_cls = DebertaV3Tokenizer
    keras_hub_class = "DebertaV3TextClassifierPreprocessor"
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
