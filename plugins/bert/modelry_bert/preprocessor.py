"""BERT's preprocessor for text classification."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry_bert.tokenizer import BertTokenizer


class BertTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]` with segment 1 for `b [SEP]`.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).

    Args:
        tokenizer: A `BertTokenizer`.
        sequence_length: The greatest number of tokens of a row, special tokens included.
        truncate: Which tokens go when a text is too long: `"round_robin"`, `"waterfall"` or `"longest_first"`.
        padding: `"bucket"` or `"fixed"`; see `modelry.TextClassifierPreprocessor`.
    """

    tokenizer_cls = BertTokenizer
    keras_hub_class = "BertTextClassifierPreprocessor"
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
    segment_ids = True
